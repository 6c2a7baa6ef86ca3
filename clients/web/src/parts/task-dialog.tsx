/** A task with all of its fields, files and reminders; also for a new one (`id` is `new`). */

import { hasCode } from "@spacedly/client";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

import { changeTask, createTask, deleteTask, fetchTask, hideTask, keep, useTask, type Changes, type Task } from "../data/tasks";
import { createReminder } from "../data/reminders";
import { offerDraft, takeDraft } from "../draft";
import { isSameRecurrence } from "../recurrence";
import { dayOf, instant, isEndOfDay, now, showMoment } from "../time";
import { words } from "../words";
import { Conflict, isSameTask } from "./conflict";
import { Dialog, UNSAVED } from "./dialog";
import { Files } from "./files";
import { FieldProblem, Problem, Select, Submit, textsOf, useSubmit, type Fields } from "./form";
import { readRecurrence } from "./recurrence-fields";
import { OFFSETS, offsetText } from "./reminder-time";
import { useTaskAddress } from "./shell";
import { Loaded } from "./states";
import { TaskFields } from "./task-fields";
import { TaskPlan } from "./task-plan";
import { TaskRecurrence } from "./task-recurrence";
import { TaskReminders } from "./task-reminders";
import { fail, doWithUndo, toast } from "./toasts";

const said = words.tasks;

interface Props {
  id: string;
  /** The day of a new task. */
  day: string | undefined;
  onClose: () => void;
}

export function TaskDialog({ id, day, onClose }: Props) {
  return id === "new" ? <NewTask day={day} onClose={onClose} /> : <OldTask id={id} onClose={onClose} />;
}

/** What the form's texts say of a task. A day without a time is its end, which the API knows. */
function read(fields: Fields): Changes & { title: string } {
  if ((fields["title"] ?? "").trim().length < 3) {
    throw new FieldProblem("title", said.titleTooShort);
  }
  return { ...readText(fields), recurrence: readRecurrence(fields) };
}

function readText(fields: Fields): Changes & { title: string } {
  const { title = "", description = "", day = "", time = "", priority, status, category = "", link = "" } = fields;
  return {
    title,
    description: description || null,
    dueDate: day === "" ? null : time === "" ? day : instant(day, time),
    priority: priority as Task["priority"],
    status: status as Task["status"],
    category: category || null,
    link: link || null,
  };
}

/** What a form holds, also where a part of it is not valid yet. */
function readDraft(fields: Fields): Changes & { title: string } {
  try {
    return { ...readText(fields), recurrence: readRecurrence(fields) };
  } catch {
    return readText(fields);
  }
}

/** The instant at which a task is due by a form's day or instant. */
const dueAt = (dueDate: string) => (dueDate.length === 10 ? instant(dueDate, "23:59").replace(":00.000Z", ":59.999Z") : dueDate);

/** A task as its form shows it with these changes. */
const withDraft = (task: Partial<Task>, { dueDate, ...changes }: Changes): Partial<Task> => ({
  ...task,
  ...(changes as Partial<Task>),
  ...(dueDate !== undefined && { dueDate: dueDate && dueAt(dueDate) }),
});

/** What was typed into a task's form when the session ended, and a ref for that form, which is read if the session ends now. */
function useDraft<C extends Changes>(task: string, readChanges: (fields: Fields) => C) {
  const [draft] = useState(() => takeDraft<C>(task));
  const element = useRef<HTMLFormElement>(null);
  useLayoutEffect(
    () =>
      offerDraft(() => {
        const form = element.current;
        return form?.hasAttribute("data-unsaved") ? { task, changes: readChanges(textsOf(form)) } : undefined;
      }),
  );
  return [draft, element] as const;
}

/** What of a form differs from the task as it was read. */
function differences(task: Task, wanted: Changes): Changes {
  const changes: Changes = {};
  for (const name of ["title", "description", "priority", "status", "category", "link"] as const) {
    if ((wanted[name] ?? "") !== (task[name] ?? "")) Object.assign(changes, { [name]: wanted[name] });
  }
  const { dueDate = null } = wanted;
  const same =
    dueDate === null || task.dueDate === null
      ? dueDate === task.dueDate
      : dueDate.length === 10
        ? isEndOfDay(task.dueDate) && dayOf(task.dueDate) === dueDate
        : Math.floor(Date.parse(dueDate) / 60_000) === Math.floor(Date.parse(task.dueDate) / 60_000);
  if (!same) changes.dueDate = dueDate;
  const { recurrence = null } = wanted;
  if (!isSameRecurrence(recurrence, task.recurrence)) changes.recurrence = recurrence;
  return changes;
}

/** Minutes before the due date at which a new task has a reminder; undefined for none. */
function readOffset({ remind = "none" }: Fields, dueDate: string | null | undefined): number | undefined {
  if (remind === "none" || !dueDate) return undefined;
  const offset = Number(remind);
  if (Date.parse(dueAt(dueDate)) - offset * 60_000 <= now()) throw new FieldProblem("remind", words.reminders.inPast);
  return offset;
}

function NewTask({ day, onClose }: { day: string | undefined; onClose: () => void }) {
  const { openTask } = useTaskAddress();
  const [draft, element] = useDraft("new", (fields) => ({ ...readDraft(fields), remind: fields["remind"] ?? "none" }));
  const { remind = "none", ...changes } = draft ?? {};
  const first = withDraft({ dueDate: day ? dueAt(day) : null }, changes);
  const [hasDay, setHasDay] = useState(Boolean(first.dueDate));
  const form = useSubmit(async (fields) => {
    const wanted = read(fields);
    const offsetMinutes = readOffset(fields, wanted.dueDate);
    const task = await createTask(wanted);
    if (offsetMinutes !== undefined) await createReminder({ taskId: task.id, offsetMinutes, leadMinutes: 0, type: "both" }).catch(fail);
    if (fields["then"] === "more") openTask(task.id);
    else {
      onClose();
      toast(said.createdToast(task.title), { label: words.common.open, run: () => openTask(task.id) });
    }
  });
  return (
    <Dialog title={said.newTitle} onClose={onClose} wide>
      <form onSubmit={form.onSubmit} noValidate ref={element} {...(draft && UNSAVED)}>
        <Problem>{form.problem}</Problem>
        <TaskFields errors={form.errors} task={first} onDay={setHasDay} />
        {hasDay && <Select label={said.remindMe} name="remind" value={remind} error={form.errors["remind"]} options={[["none", said.noReminder], ...OFFSETS.map((minutes) => [String(minutes), offsetText(minutes)] as const)]} />}
        <footer class="actions">
          {/* The first one is what Enter does. */}
          <Submit busy={form.busy}>{said.create}</Submit>
          <button type="submit" name="then" value="more">
            {said.createMore}
          </button>
        </footer>
      </form>
    </Dialog>
  );
}

function OldTask({ id, onClose }: { id: string; onClose: () => void }) {
  const query = useTask(id);
  return (
    <Dialog title={said.editTitle} onClose={onClose} wide>
      <Loaded query={query} rows={6}>
        {(task) => <EditTask key={task.id} task={task} onClose={onClose} />}
      </Loaded>
    </Dialog>
  );
}

/** The form is filled once; what changes elsewhere while it is open shows when it is saved. */
function EditTask({ task, onClose }: { task: Task; onClose: () => void }) {
  const [base, setBase] = useState(task);
  const [clash, setClash] = useState<{ mine: Changes; theirs: Task }>();
  const [draft, element] = useDraft(task.id, (fields) => differences(base, { recurrence: base.recurrence, ...readDraft(fields) }));
  // What the form is filled with.
  const [filling, setFilling] = useState(() => (draft ? withDraft(task, draft) : task));
  const save = async (on: Task, changes: Changes) => {
    if (Object.keys(changes).length > 0) {
      await changeTask(on, changes);
      toast(said.savedToast);
    }
    onClose();
  };
  const form = useSubmit(async (fields) => {
    const mine = differences(base, read(fields));
    try {
      // A new version that differs in nothing of the form, like one with another plan, is no conflict.
      await save(isSameTask(base, task) ? task : base, mine);
    } catch (error) {
      if (!hasCode(error, "PRECONDITION_FAILED")) throw error;
      setClash({ mine, theirs: await fetchTask(base.id) });
    }
  });
  const remove = () => {
    onClose();
    doWithUndo(said.deletedToast(task.title), () => hideTask(task), () => deleteTask(task));
  };
  if (clash) {
    return (
      <Conflict
        base={base}
        {...clash}
        keepMine={() => save(clash.theirs, clash.mine).catch((error: unknown) => (fail(error), setFilling(withDraft(base, clash.mine)), setClash(undefined)))}
        takeTheirs={() => (keep(clash.theirs), setBase(clash.theirs), setFilling(clash.theirs), setClash(undefined))}
      />
    );
  }
  return (
    <>
      <form onSubmit={form.onSubmit} noValidate key={base.version} ref={element} {...(filling !== base && UNSAVED)}>
        <Problem>{form.problem}</Problem>
        <TaskFields task={filling} errors={form.errors} />
        <footer class="actions">
          <button type="button" class="danger" onClick={remove}>
            <span>{words.common.remove}</span>
          </button>
          <Submit busy={form.busy}>{words.common.save}</Submit>
        </footer>
      </form>
      {task.recurrence && <TaskRecurrence task={task} recurrence={task.recurrence} onClose={onClose} />}
      {!task.recurrence && (task.plan || task.status !== "completed") && <TaskPlan task={task} onClose={onClose} />}
      <Files task={task} />
      <TaskReminders task={task} />
      <p class="hint">
        {said.created} {showMoment(task.createdAt)} · {said.updated} {showMoment(task.updatedAt)}
        {task.completedAt && ` · ${said.completedAt} ${showMoment(task.completedAt)}`}
      </p>
    </>
  );
}
