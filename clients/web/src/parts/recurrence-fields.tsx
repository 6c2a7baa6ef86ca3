/** How a task recurs: what its form asks, and what the answers mean. */

import { useState } from "preact/hooks";

import { choicesOf, POSITIONS, ruleOf, WEEKDAYS, type Choices, type Position, type Recurrence, type Unit } from "../recurrence";
import { currentZone, zones, type Day } from "../time";
import { words } from "../words";
import { FieldProblem, Input, Select, type Fields } from "./form";

const said = words.recurrence;

interface Props {
  recurrence: Recurrence | null | undefined;
  /** The due date, which is the first of the dates. */
  day: Day;
  errors: Record<string, string>;
}

const entries = <K extends string>(texts: Record<K, string>) => Object.entries(texts) as [K, string][];
const wholeNumber = (text: string) => /^[1-9]\d*$/.test(text);

/** The recurrence that a form's texts mean; null for none. */
export function readRecurrence(fields: Fields): Recurrence | null {
  const { repeat = "none", day = "", anchor, zone, every = "1", count = "", untilDay = "", rule = "" } = fields;
  if (repeat === "none" || day === "") return null;
  const ends = repeat === "rule" ? "never" : (fields["ends"] ?? "never");
  if (repeat === "custom" && !wholeNumber(every)) throw new FieldProblem("every", said.badNumber);
  if (repeat === "rule" && !rule.trim()) throw new FieldProblem("recurrence.rrule", said.needsRule);
  if (ends === "count" && !wholeNumber(count)) throw new FieldProblem("count", said.badNumber);
  if (ends === "until" && !untilDay) throw new FieldProblem("untilDay", said.needsUntil);
  const rrule = ruleOf({
    ...choicesOf(undefined, day),
    ...(fields as Partial<Choices>),
    every,
    ends: ends as Choices["ends"],
    until: untilDay,
    weekdays: WEEKDAYS.filter((name) => fields[`on-${name}`]),
  });
  return { rrule, anchor: anchor as Recurrence["anchor"], timezone: zone ?? currentZone() };
}

export function RecurrenceFields({ recurrence, day, errors }: Props) {
  const [first] = useState(() => choicesOf(recurrence, day));
  const [repeat, setRepeat] = useState<string>(first.repeat);
  const zone = recurrence?.timezone ?? currentZone();
  const ofRule = errors["recurrence.rrule"] ?? errors["recurrence"];
  return (
    <>
      <Select label={said.repeat} name="repeat" value={first.repeat} options={entries(said.choices)} onChange={setRepeat} error={repeat === "rule" ? undefined : ofRule} />
      {repeat === "custom" && <Custom first={first} errors={errors} />}
      {repeat === "rule" && <Input label={said.rule} name="rule" defaultValue={first.rule} maxLength={1000} hint={said.ruleHint} error={ofRule} autocomplete="off" autocapitalize="characters" spellcheck={false} required />}
      {repeat !== "none" && (
        <>
          {repeat !== "rule" && <Ending first={first} errors={errors} />}
          <div class="row">
            <Select label={said.anchor} name="anchor" value={recurrence?.anchor ?? "due"} options={entries(said.anchors)} error={errors["recurrence.anchor"]} />
            <Select label={said.zone} name="zone" value={zone} options={zones(zone)} hint={said.zoneHint} error={errors["recurrence.timezone"]} />
          </div>
        </>
      )}
    </>
  );
}

function Custom({ first, errors }: { first: Choices; errors: Record<string, string> }) {
  const [unit, setUnit] = useState<Unit>(first.unit);
  const [position, setPosition] = useState<Position>(first.position);
  const weekdays = WEEKDAYS.map((name, index) => [name, said.weekday(index)] as const);
  return (
    <>
      <div class="row pair">
        <Input label={said.interval} name="every" type="number" min={1} max={999} inputMode="numeric" defaultValue={first.every} error={errors["every"]} required />
        <Select label={said.unit} name="unit" value={first.unit} options={entries(said.units)} onChange={(value) => setUnit(value as Unit)} />
      </div>
      {unit === "week" && (
        <fieldset>
          <legend>{said.weekdays}</legend>
          <div class="checks">
            {weekdays.map(([name, text], index) => (
              <label key={name} class="check">
                <input type="checkbox" name={`on-${name}`} defaultChecked={first.weekdays.includes(name)} />
                <span aria-hidden="true">{said.weekday(index, "short")}</span>
                <span class="hidden">{text}</span>
              </label>
            ))}
          </div>
          <p class="hint">{said.weekdaysHint}</p>
        </fieldset>
      )}
      {unit === "month" && (
        <div class="row">
          <Select label={said.position} name="position" value={first.position} options={POSITIONS.map((name) => [name, said.positions[name]])} onChange={(value) => setPosition(value as Position)} />
          {!position.endsWith("day") && <Select label={said.weekdayOf} name="weekday" value={first.weekday} options={weekdays} />}
        </div>
      )}
    </>
  );
}

function Ending({ first, errors }: { first: Choices; errors: Record<string, string> }) {
  const [ends, setEnds] = useState<string>(first.ends);
  return (
    <div class="row pair">
      <Select label={said.ends} name="ends" value={first.ends} options={entries(said.endings)} onChange={setEnds} />
      {ends === "count" && <Input label={said.count} name="count" type="number" min={1} max={10_000} inputMode="numeric" defaultValue={first.count} error={errors["count"]} required />}
      {ends === "until" && <Input label={said.untilDay} name="untilDay" type="date" defaultValue={first.until} error={errors["untilDay"]} required />}
    </div>
  );
}
