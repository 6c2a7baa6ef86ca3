import { useId, useState } from "preact/hooks";

import { useOccurrences, type Task } from "../data/tasks";
import { describe, type Recurrence } from "../recurrence";
import { currentZone, sameZone, showDue, showMoment } from "../time";
import { words } from "../words";
import { advance } from "./advance";
import { Icon } from "./icon";
import { Loaded } from "./states";

const said = words.recurrence;

/** How a task recurs, what can be done with its present occurrence, and what became of the earlier ones. */
export function TaskRecurrence({ task, recurrence, onClose }: { task: Task; recurrence: Recurrence; onClose: () => void }) {
  const heading = useId();
  const [hasHistory, setHasHistory] = useState(false);
  const end = (outcome: "completed" | "skipped") => {
    // The task changes: its form would be filled with the past.
    onClose();
    advance(task, outcome);
  };
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{said.title}</h3>
      <p>
        {said.repeats(describe(recurrence))}
        {!sameZone(recurrence.timezone, currentZone()) && <span class="faint"> · {said.inZone(recurrence.timezone)}</span>}
      </p>
      {task.status !== "completed" && (
        <div class="actions start">
          <button type="button" onClick={() => end("completed")}>
            <Icon name="check" />
            {said.done}
          </button>
          <button type="button" onClick={() => end("skipped")}>
            {said.skip}
          </button>
        </div>
      )}
      <details onToggle={(event) => setHasHistory(event.currentTarget.open)}>
        <summary>{said.history}</summary>
        {hasHistory && <History id={task.id} />}
      </details>
    </section>
  );
}

function History({ id }: { id: string }) {
  const query = useOccurrences(id);
  return (
    <Loaded query={query} rows={2}>
      {({ pages }) => {
        const all = pages.flatMap((page) => page.occurrences);
        return (
          <>
            {all.length === 0 && <p class="faint">{said.noHistory}</p>}
            <ul class="history">
              {all.map(({ dueDate, outcome, at }) => (
                <li key={at}>
                  <span class={`chip ${outcome}`}>{said.outcomes[outcome]}</span>
                  <span>
                    {showMoment(at)} <span class="faint">· {said.dueOn(showDue(dueDate))}</span>
                  </span>
                </li>
              ))}
            </ul>
            {query.hasNextPage && (
              <button type="button" disabled={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {said.moreHistory}
              </button>
            )}
          </>
        );
      }}
    </Loaded>
  );
}
