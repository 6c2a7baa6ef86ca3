/** Charts whose numbers are a table: pictures for the eye, the table for screen readers. */

import { useId } from "preact/hooks";

import { locale } from "../words";
import { Icon, type IconName } from "./icon";

export function Tile({ icon, label, value }: { icon: IconName; label: string; value: number | string }) {
  return (
    <div class="tile">
      <dt>
        <Icon name={icon} />
        {label}
      </dt>
      <dd>{typeof value === "number" ? value.toLocaleString(locale) : value}</dd>
    </div>
  );
}

interface ChartProps {
  title: string;
  /** What a bar stands for. */
  label: string;
  /** What its height counts. */
  unit: string;
  bars: { label: string; value: number }[];
}

const HEIGHT = 96;
const STEP = 40;

export function BarChart({ title, label, unit, bars }: ChartProps) {
  const heading = useId();
  const most = Math.max(1, ...bars.map(({ value }) => value));
  return (
    <figure class="chart" aria-labelledby={heading}>
      <figcaption id={heading}>{title}</figcaption>
      <svg viewBox={`0 0 ${bars.length * STEP} ${HEIGHT + 38}`} aria-hidden="true" focusable="false">
        {bars.map((bar, index) => {
          const height = Math.max(2, (bar.value / most) * HEIGHT);
          const middle = index * STEP + STEP / 2;
          return (
            <g key={bar.label}>
              <rect class={bar.value ? "bar" : "bar none"} x={index * STEP + 7} y={HEIGHT + 16 - height} width={STEP - 14} height={height} rx="3" />
              <text class="value" x={middle} y={HEIGHT + 10 - height} text-anchor="middle">
                {bar.value || ""}
              </text>
              <text x={middle} y={HEIGHT + 31} text-anchor="middle">
                {bar.label.replace(/^Week /, "W")}
              </text>
            </g>
          );
        })}
      </svg>
      <Table title={title} head={[label, unit]} rows={bars.map((bar) => [bar.label, bar.value.toLocaleString(locale)])} />
    </figure>
  );
}

/** Shares of a whole, as a list of bars that are a table. */
export function ShareChart({ title, head, rows }: { title: string; head: [string, string, string]; rows: { name: string; count: number; share: number }[] }) {
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  return (
    <table class="shares">
      <caption class="hidden">{title}</caption>
      <thead class="hidden">
        <tr>
          {head.map((text) => (
            <th key={text} scope="col">
              {text}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map(({ name, count, share }) => (
          <tr key={name}>
            <th scope="row" dir="auto">
              {name}
            </th>
            <td class="number">{count.toLocaleString(locale)}</td>
            <td>
              <span class="share">
                <svg viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true" focusable="false">
                  <rect class="track" width="100" height="8" rx="2" />
                  <rect class="bar" width={share * 100} height="8" rx="2" />
                </svg>
                {percent.format(share)}
              </span>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Table({ title, head, rows }: { title: string; head: [string, string]; rows: [string, string][] }) {
  return (
    <div class="hidden">
      <table>
        <caption>{title}</caption>
        <thead>
          <tr>
            {head.map((text) => (
              <th key={text} scope="col">
                {text}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, value]) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              <td>{value}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
