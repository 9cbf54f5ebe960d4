import type { Message } from '../message.js';
import { messageText } from './message-text.js';

/** Discord refuses more than 2,000 characters, Slack more than 3,000 in a block. */
const LONGEST_TEXT = 1_900;

interface SlackPayload {
  text: string;
  blocks: { type: 'section'; text: { type: 'mrkdwn'; text: string } }[];
}

/**
 * A message as Slack's incoming webhooks take it, and those of Mattermost and of Discord (`/slack`), which read the
 * text and leave the blocks alone.
 */
export function slackPayload(message: Message): SlackPayload {
  const { sentence, lines } = messageText(message);
  // Receivers make a link of a bare address; the ways to write a link with a text differ.
  const end = `\n${escaped(message.link)}`;
  const rows = lines.map(([label, value]) => `*${harmless(label)}:* ${harmless(value)}`);
  let text = `*${harmless(sentence)}*`;
  for (const row of rows) {
    if (text.length + row.length + end.length + 3 > LONGEST_TEXT) {
      text += '\n…';
      break;
    }
    text += `\n${row}`;
  }
  text += end;
  return { text, blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }] };
}

/** The three characters that Slack asks to be escaped: what is left can neither mention anybody nor be a link. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * A text that a device or an operator wrote, for all three: Mattermost and Discord ring everybody's bell at `@all` and
 * make pictures and links of Markdown. Invisible characters in between take both their meaning.
 */
function harmless(text: string): string {
  return escaped(
    text.replace(/@(?=everyone|here|channel|all)/gi, '@\u200b').replace(/(?<=\])\(/g, '\u200b('),
  );
}
