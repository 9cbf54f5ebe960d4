// C0, DEL and C1: they would break log lines, mails and table cells further on.
// oxlint-disable-next-line no-control-regex
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a text is well-formed Unicode (no lone surrogates) without control characters. */
export function isPlainText(text: string): boolean {
  return !CONTROL_CHARACTER.test(text) && text.isWellFormed();
}
