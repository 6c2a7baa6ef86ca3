/** The way out of a 412: both versions side by side, and a choice. */

import type { Changes, Task } from "../data/tasks";
import { describe } from "../recurrence";
import { showDue } from "../time";
import { words } from "../words";
import { UNSAVED } from "./dialog";

interface Props {
  /** As it was when the form was filled. */
  base: Task;
  mine: Changes;
  theirs: Task;
  keepMine: () => void;
  takeTheirs: () => void;
}

const said = words.conflict;
const NAMES = ["title", "description", "dueDate", "priority", "status", "category", "link", "recurrence"] as const;
type Name = (typeof NAMES)[number];

const labels: Record<Name, string> = {
  title: words.tasks.fields.title,
  description: words.tasks.fields.description,
  dueDate: words.tasks.fields.dueDate,
  priority: words.tasks.priority,
  status: words.tasks.status,
  category: words.tasks.category,
  link: words.tasks.fields.link,
  recurrence: words.recurrence.repeat,
};

const isSame = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** Whether all that a form asks of a task is the same in both. */
export const isSameTask = (one: Task, other: Task) => NAMES.every((name) => isSame(one[name], other[name]));

function show(name: Name, value: Changes[Name]): string {
  if (!value) return said.empty;
  if (typeof value === "object") return describe(value);
  if (name === "dueDate") return value.length === 10 ? value : showDue(value);
  if (name === "priority") return words.tasks.priorities[value as Task["priority"]];
  if (name === "status") return words.tasks.statuses[value as Task["status"]];
  return value;
}

export function Conflict({ base, mine, theirs, keepMine, takeTheirs }: Props) {
  const touched = NAMES.filter((name) => name in mine || !isSame(base[name], theirs[name]));
  return (
    <div class="conflict" {...UNSAVED}>
      <div class="notice" role="alert">
        <p>
          <strong>{said.title}</strong>
        </p>
        <p>{said.text}</p>
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">{said.field}</th>
            <th scope="col">{said.mine}</th>
            <th scope="col">{said.theirs}</th>
          </tr>
        </thead>
        <tbody>
          {touched.map((name) => (
            <tr key={name}>
              <th scope="row">{labels[name]}</th>
              <td dir="auto">{show(name, name in mine ? mine[name] : theirs[name])}</td>
              <td dir="auto">{show(name, theirs[name])}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <footer class="actions">
        <button type="button" onClick={takeTheirs}>
          {said.takeTheirs}
        </button>
        <button type="button" class="primary" onClick={keepMine}>
          {said.keepMine}
        </button>
      </footer>
    </div>
  );
}
