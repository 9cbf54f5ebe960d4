import type { Message } from '../message.js';
import { messageText } from './message-text.js';

export interface EmailContent {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

/** A message as a mail that reads the same with and without HTML. */
export function emailContent(message: Message): EmailContent {
  const { subject, sentence, lines } = messageText(message);
  const rows = lines.map(
    ([label, value]) =>
      `<tr><th align="left" valign="top">${escaped(label)}</th><td>${escaped(value)}</td></tr>`,
  );
  return {
    subject: `[PiSync] ${subject}`,
    text: [sentence, '', ...lines.map(([label, value]) => `${label}: ${value}`), '', message.link, ''].join(
      '\n',
    ),
    html: [
      '<!doctype html><html><body>',
      `<p><strong>${escaped(sentence)}</strong></p>`,
      ...(rows.length > 0 ? ['<table cellpadding="4">', ...rows, '</table>'] : []),
      `<p><a href="${escaped(message.link)}">${escaped(message.link)}</a></p>`,
      '</body></html>',
    ].join('\n'),
  };
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
