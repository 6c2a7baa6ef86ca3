/** A task's plan of spaced reviews: how far it is, rating the open review, changing and ending it. */

import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { endPlan, setPlan, type Plan, type PlanBody, type Task } from "../data/tasks";
import { useMe } from "../data/user";
import { dayOf, nearDay, showDue, today } from "../time";
import { locale, words } from "../words";
import { FieldProblem, focusFirst, Input, Problem, Select, Submit, useSubmit, type Fields } from "./form";
import { Icon } from "./icon";
import { Ratings } from "./reviews";
import { doWithUndo, toast } from "./toasts";

const said = words.reviews;
const DAYS = [1, 3, 7, 14, 30];
const RETENTION = 0.9;

export function TaskPlan({ task, onClose }: { task: Task; onClose: () => void }) {
  const heading = useId();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const section = useRef<HTMLElement>(null);
  const wasOpen = useRef(false);
  // The form replaces the button that opened it: the focus goes to the form and back.
  useLayoutEffect(() => {
    if (isOpen) focusFirst(section.current);
    if (!isOpen && wasOpen.current) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  const { plan } = task;
  const end = () => {
    onClose();
    doWithUndo(said.ended(task.title), () => () => undefined, () => endPlan(task));
  };
  return (
    <section aria-labelledby={heading} ref={section}>
      <h3 id={heading}>{said.title}</h3>
      {plan ? <Progress task={task} plan={plan} onRated={() => button.current?.focus()} /> : <p class="hint">{said.none}</p>}
      {isOpen ? (
        <PlanForm task={task} onDone={() => setOpen(false)} />
      ) : (
        <div class="actions start">
          <button type="button" ref={button} onClick={() => setOpen(true)}>
            {!plan && <Icon name="repeat" />}
            {plan ? said.change : said.add}
          </button>
          {plan && (
            <button type="button" onClick={end}>
              {said.end}
            </button>
          )}
        </div>
      )}
    </section>
  );
}

const interval = (days: number) => said.interval(days);

function Progress({ task, plan, onRated }: { task: Task; plan: Plan; onRated: () => void }) {
  const { days, step, stability, difficulty, nextReview, lastReview, lastRating, reviews, reminderId } = plan;
  const isOpen = nextReview !== null && dayOf(nextReview) <= today();
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const facts = [said.count(reviews), lastReview && lastRating && said.last(nearDay(dayOf(lastReview)), said.ratings[lastRating])];
  return (
    <>
      {isOpen ? (
        <>
          <p>{said.open}</p>
          <Ratings id={reminderId} title={task.title} onRated={onRated} />
        </>
      ) : (
        nextReview && <p>{said.next(showDue(nextReview))}</p>
      )}
      {days && (
        <ol class="steps" aria-label={said.steps}>
          {days.map((length, index) => (
            <li key={index} class={index < (step ?? 0) ? "past" : ""} aria-current={index === step ? "step" : undefined}>
              {interval(length)}
            </li>
          ))}
        </ol>
      )}
      {plan.kind === "fsrs" && (
        <p class="faint">{stability !== null && difficulty !== null ? said.memory(interval(Math.max(1, Math.round(stability))), number.format(difficulty)) : said.memoryNew}</p>
      )}
      <p class="faint">{facts.filter(Boolean).join(" · ")}</p>
    </>
  );
}

function read({ kind, days = "", retention = "", time = "" }: Fields): PlanBody {
  if (kind === "fsrs") {
    const percent = Number(retention || Number.NaN);
    if (!(percent >= 70 && percent <= 97)) throw new FieldProblem("retention", said.badRetention);
    return { kind, retention: percent / 100, time: time || null };
  }
  const list = days.split(/[\s,;]+/).filter(Boolean);
  const isGood = list.length >= 1 && list.length <= 30 && list.every((text) => /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 3650);
  if (!isGood) throw new FieldProblem("days", said.badDays);
  return { kind: "fixed", days: list.map(Number), time: time || null };
}

function PlanForm({ task, onDone }: { task: Task; onDone: () => void }) {
  const { plan } = task;
  const { data: me } = useMe();
  const [kind, setKind] = useState<string>(plan?.kind ?? "fixed");
  const form = useSubmit(async (fields) => {
    await setPlan(task, read(fields));
    toast(said.saved);
    onDone();
  });
  return (
    <form class="inset" onSubmit={form.onSubmit} noValidate>
      <Problem>{form.problem}</Problem>
      <Select label={said.kind} name="kind" value={kind} options={Object.entries(said.kinds)} hint={said.kindHint} error={form.errors["kind"]} onChange={setKind} />
      <div class="row">
        {kind === "fixed" ? (
          <Input key="days" label={said.days} name="days" inputMode="numeric" defaultValue={(plan?.days ?? DAYS).join(", ")} hint={said.daysHint} error={form.errors["days"]} autocomplete="off" required />
        ) : (
          <Input key="retention" label={said.retention} name="retention" type="number" min={70} max={97} inputMode="numeric" defaultValue={String(Math.round((plan?.retention ?? RETENTION) * 100))} hint={said.retentionHint} error={form.errors["retention"]} required />
        )}
        <Input label={said.time} optional name="time" type="time" defaultValue={plan?.time ?? ""} hint={said.timeHint(me?.morning_digest.time ?? "05:00")} error={form.errors["time"]} />
      </div>
      <footer class="actions">
        <button type="button" onClick={onDone}>
          {words.common.cancel}
        </button>
        <Submit busy={form.busy}>{said.save}</Submit>
      </footer>
    </form>
  );
}
