/** A task's files: thumbnails, uploads with their progress, drag and drop, paste. */

import { fileType, MAX_FILES, uploadFiles, type Attachment } from "@spacedly/client";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { cache, spacedly } from "../api";
import { deleteAttachment, fetchTask, keep, type Task } from "../data/tasks";
import { sentence } from "../errors";
import { showBytes } from "../time";
import { words } from "../words";
import { Icon } from "./icon";
import { doWithUndo } from "./toasts";

const said = words.files;
const ACCEPT = ".jpeg,.jpg,.png,.gif,.webp,.pdf,.doc,.docx,.txt,.xls,.xlsx,.ppt,.pptx";

interface Upload {
  key: string;
  name: string;
  /** 0 to 1; 1 while the file is processed. */
  sent: number;
  problem?: string;
  cancel: () => void;
}

export function Files({ task }: { task: Task }) {
  const { uploads, problems, add, dismiss } = useUploads(task.id);
  const [hidden, setHidden] = useState<readonly string[]>([]);
  const [isOver, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const heading = useId();
  usePaste(add);
  const take = (files: FileList | null | undefined) => files && files.length > 0 && add([...files]);
  const remove = (file: Attachment) =>
    doWithUndo(
      said.removed(file.filename),
      () => {
        setHidden((ids) => [...ids, file.id]);
        return () => setHidden((ids) => ids.filter((id) => id !== file.id));
      },
      () => deleteAttachment(task, file.id),
    );
  const shown = task.attachments.filter(({ id }) => !hidden.includes(id));
  return (
    <section aria-labelledby={heading}>
      <h3 id={heading}>{said.title}</h3>
      <div
        class={`drop ${isOver ? "over" : ""}`}
        onDragOver={(event) => (event.preventDefault(), setOver(true))}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer?.files);
        }}
      >
        <Icon name="clip" />
        <p>
          {said.drop}{" "}
          <button type="button" class="link" onClick={() => input.current?.click()}>
            {said.choose}
          </button>
        </p>
        <p class="hint">{said.limits}</p>
        <input
          ref={input}
          type="file"
          class="hidden"
          multiple
          accept={ACCEPT}
          aria-label={said.add}
          tabIndex={-1}
          onChange={(event) => {
            take(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </div>
      <div class="problems" role="status">
        {problems.map((problem) => (
          <p key={problem} class="notice failed">
            <span>{problem}</span>
            <button type="button" class="quiet small" aria-label={words.common.close} onClick={() => dismiss(problem)}>
              <Icon name="close" />
            </button>
          </p>
        ))}
      </div>
      <ul class="files">
        {uploads.map((upload) => (
          <Uploading key={upload.key} upload={upload} />
        ))}
        {shown.map((file) => (
          <File key={file.id} file={file} remove={() => remove(file)} />
        ))}
      </ul>
    </section>
  );
}

function useUploads(taskId: string) {
  const [uploads, setUploads] = useState<readonly Upload[]>([]);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const problem = (text: string) => setProblems((all) => [...new Set([...all, text])]);
  const change = (key: string, changes: Partial<Upload>) =>
    setUploads((all) => all.map((one) => (one.key === key ? { ...one, ...changes } : one)));

  const add = async (files: File[]) => {
    setProblems([]);
    const good = files.filter((file) => {
      try {
        return Boolean(fileType(file));
      } catch (error) {
        problem(sentence(error));
        return false;
      }
    });
    if (good.length > MAX_FILES) problem(said.tooMany);
    const chosen = good.slice(0, MAX_FILES);
    if (chosen.length === 0) return;
    const state = new Map(chosen.map((file) => [file, { key: crypto.randomUUID(), controller: new AbortController() }]));
    const mine = [...state].map(([file, { key, controller }]) => ({ key, name: file.name, sent: 0, cancel: () => controller.abort() }));
    setUploads((all) => [...all, ...mine]);
    try {
      const done = await uploadFiles(spacedly, taskId, chosen, (file) => {
        const one = state.get(file);
        return {
          onProgress: (sent, total) => one && change(one.key, { sent: total ? sent / total : 0 }),
          ...(one && { signal: one.controller.signal }),
        };
      });
      for (const { file, result } of done) {
        const wasCancelled = state.get(file)?.controller.signal.aborted;
        if (result.status === "rejected" && !wasCancelled) problem(sentence(result.reason));
        else if (result.status === "fulfilled" && result.value.status === "rejected") {
          problem(words.errors.rejected(file.name, result.value.rejectionReason ?? ""));
        }
      }
    } catch (error) {
      problem(sentence(error));
    } finally {
      await fetchTask(taskId).then(keep, () => undefined);
      void cache.invalidateQueries({ queryKey: ["tasks"] });
      setUploads((all) => all.filter(({ key }) => !mine.some((one) => one.key === key)));
    }
  };
  return { uploads, problems, add: (files: File[]) => void add(files), dismiss: (text: string) => setProblems((all) => all.filter((one) => one !== text)) };
}

/** Pictures and files from the clipboard, while the task is open. A pasted picture has no name of its own. */
function usePaste(add: (files: File[]) => void): void {
  const latest = useRef(add);
  latest.current = add;
  useLayoutEffect(() => {
    const onPaste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      latest.current(files);
    };
    document.addEventListener("paste", onPaste);
    return () => document.removeEventListener("paste", onPaste);
  }, []);
}

function Uploading({ upload: { name, sent, cancel } }: { upload: Upload }) {
  const percent = Math.floor(sent * 100);
  const text = sent < 1 ? said.uploading(name, percent) : said.processing(name);
  return (
    <li class="file">
      <span class="thumb">
        <Icon name="file" />
      </span>
      <span class="about">
        <span>{text}</span>
        <progress max={1} value={sent} aria-label={text} />
      </span>
      {sent < 1 && (
        <button type="button" class="quiet" aria-label={said.cancel(name)} onClick={cancel}>
          <Icon name="close" />
        </button>
      )}
    </li>
  );
}

function File({ file, remove }: { file: Attachment; remove: () => void }) {
  const { filename, fileUrl, thumbnailUrl, status, fileSize, width, height, optimizationStats } = file;
  const facts = [
    status === "ready" && showBytes(fileSize),
    width && height && said.dimensions(width, height),
    optimizationStats && optimizationStats.compressionRatio > 0 && said.saved(optimizationStats.compressionRatio),
    status === "pending" && said.pending,
    status === "processing" && said.processing(filename),
    status === "rejected" && said.rejected(file.rejectionReason ?? ""),
  ].filter(Boolean);
  return (
    <li class="file">
      <span class="thumb">{thumbnailUrl ? <img src={thumbnailUrl} alt="" width="56" height="56" loading="lazy" /> : <Icon name="file" />}</span>
      <span class="about">
        {fileUrl ? (
          <a href={fileUrl} target="_blank" rel="noopener">
            {filename}
            <span class="hidden"> ({words.common.newTab})</span>
          </a>
        ) : (
          <span>{filename}</span>
        )}
        <span class={status === "rejected" ? "bad" : "faint"}>{facts.join(" · ")}</span>
      </span>
      <button type="button" class="quiet" aria-label={said.remove(filename)} onClick={remove}>
        <Icon name="trash" />
      </button>
    </li>
  );
}

