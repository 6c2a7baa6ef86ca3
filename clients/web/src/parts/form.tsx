/** Forms: fields with their label, hint and error, and what happens when a form is sent. */

import type { ComponentChildren, JSX } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";

import { fieldErrors, sentence } from "../errors";
import { words } from "../words";

interface Sending {
  busy: boolean;
  /** What went wrong, unless all of it is said beside fields. */
  problem: string | undefined;
  errors: Record<string, string>;
  onSubmit: (event: SubmitEvent) => void;
  fail: (error: unknown) => void;
}

/** A failure that the form itself has found, beside the field that it names. */
export class FieldProblem extends Error {
  constructor(
    readonly field: string,
    message: string,
  ) {
    super(message);
  }
}

/** Texts of a form's fields. */
export type Fields = Record<string, string>;

export function textsOf(form: HTMLFormElement, submitter?: HTMLElement | null): Fields {
  return Object.fromEntries([...new FormData(form, submitter)].flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}

/** Sends a form once at a time; failures appear in it, and the first bad field takes the focus. */
export function useSubmit(work: (fields: Fields, form: HTMLFormElement) => Promise<unknown>): Sending {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const sending = useRef(false);
  const failed = useRef<HTMLFormElement>();
  // In the commit that shows the error, before the next key can arrive.
  useLayoutEffect(() => {
    failed.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    failed.current = undefined;
  }, [error]);
  const errors = error instanceof FieldProblem ? { [error.field]: error.message } : fieldErrors(error);
  const hasError = error !== undefined;

  const onSubmit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    if (sending.current) return;
    const texts = textsOf(form, event.submitter);
    sending.current = true;
    setBusy(true);
    setError(undefined);
    void work(texts, form)
      .catch((reason: unknown) => {
        failed.current = form;
        setError(reason);
      })
      .finally(() => {
        sending.current = false;
        setBusy(false);
      });
  };
  const problem = hasError && Object.keys(errors).length === 0 ? sentence(error) : undefined;
  return { busy, problem, errors, onSubmit, fail: setError };
}

export function Problem({ children }: { children: ComponentChildren }) {
  return children ? (
    <p class="notice failed" role="alert">
      {children}
    </p>
  ) : null;
}

/** Moves the focus to the first field within an element. */
export const focusFirst = (within: HTMLElement | null) => within?.querySelector<HTMLElement>("[name]:not([type=hidden])")?.focus();

/** `maxLength` for so many characters: browsers count UTF-16 units, of which an emoji has two, and the API characters. */
export const atMost = (characters: number) => 2 * characters;

interface FieldProps {
  label: string;
  hint?: string | undefined;
  error?: string | undefined;
  optional?: boolean;
  children: (ids: { id: string; "aria-describedby": string | undefined; "aria-invalid": boolean }) => ComponentChildren;
}

export function Field({ label, hint, error, optional, children }: FieldProps) {
  const id = useId();
  const describedBy = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  return (
    <div class="field">
      <label for={id}>
        {label}
        {optional && <span class="faint"> ({words.common.optional})</span>}
      </label>
      {children({ id, "aria-describedby": describedBy, "aria-invalid": Boolean(error) })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="bad" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}

type InputProps = Omit<JSX.InputHTMLAttributes<HTMLInputElement>, "label" | "id"> & Omit<FieldProps, "children">;

export function Input({ label, hint, error, optional, ...rest }: InputProps) {
  return (
    <Field label={label} hint={hint} error={error} optional={optional ?? false}>
      {(ids) => <input {...rest} {...ids} />}
    </Field>
  );
}

interface SelectProps extends Omit<FieldProps, "children"> {
  name: string;
  value: string;
  options: readonly (readonly [string, string])[];
  onChange?: (value: string) => void;
}

export function Select({ label, hint, error, name, value, options, onChange }: SelectProps) {
  return (
    <Field label={label} hint={hint} error={error}>
      {(ids) => (
        <select name={name} {...ids} onChange={(event) => onChange?.(event.currentTarget.value)}>
          {options.map(([key, text]) => (
            <option key={key} value={key} selected={key === value}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

export function Password(props: Omit<InputProps, "type">) {
  const [shown, setShown] = useState(false);
  return (
    <div class="password">
      <Input {...props} type={shown ? "text" : "password"} autocapitalize="off" spellcheck={false} />
      <label class="check small">
        <input type="checkbox" checked={shown} onChange={(event) => setShown(event.currentTarget.checked)} />
        {words.auth.show}
      </label>
    </div>
  );
}

export function Submit({ busy, children }: { busy: boolean; children: ComponentChildren }) {
  return (
    <button type="submit" class="primary" aria-disabled={busy}>
      {children}
      {busy && <span class="spinner" aria-hidden="true" />}
    </button>
  );
}
