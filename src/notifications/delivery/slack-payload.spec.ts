import { FAILING_ALERT, MESSAGES } from '../message.examples.js';
import { slackPayload } from './slack-payload.js';

function textFor(last_error_message: string): string {
  return slackPayload({ ...MESSAGES['alert.opened'], alert: { ...FAILING_ALERT, last_error_message } }).text;
}

describe('A message for a chat', () => {
  it('has the sentence, the facts and the link, as text and as a block', () => {
    const { text, blocks } = slackPayload(MESSAGES['alert.opened']);
    expect(text.split('\n')[0]).toBe('*⚠️ Device PIBOX-7 has failed 3 times in a row!*');
    expect(text).toContain('\n*Site:* Kibera Primary\n');
    expect(text.split('\n').at(-1)).toBe('https://pisync.school.example/api/alerts/41');
    expect(blocks).toEqual([{ type: 'section', text: { type: 'mrkdwn', text } }]);
  });

  it.each([
    ['<!channel>', '&lt;!channel&gt;'],
    ['<https://evil.example|click & win>', '&lt;https://evil.example|click &amp; win&gt;'],
    ['&lt;', '&amp;lt;'],
    ['@everyone @here @channel @all', '@\u200beveryone @\u200bhere @\u200bchannel @\u200ball'],
    ['![x](https://evil.example/pixel)', '![x]\u200b(https://evil.example/pixel)'],
  ])('takes its meaning from %s', (error, harmless) => {
    expect(textFor(error)).toContain(`*Last error:* ${harmless}\n`);
  });

  it.each([
    ['a long error', textFor('&'.repeat(1_000))],
    [
      'a digest of many sites',
      slackPayload({
        ...MESSAGES['alert.digest'],
        digest: {
          ...MESSAGES['alert.digest'].digest,
          groups: Array.from({ length: 20 }, () => ({
            ...MESSAGES['alert.digest'].digest.groups[0],
            site: '<'.repeat(200),
          })),
        },
      }).text,
    ],
  ])('stays below 2,000 characters with %s, and keeps its link', (_what, text) => {
    expect(text.length).toBeLessThan(2_000);
    expect(text).toContain('\n…\n');
    expect(text.split('\n').at(-1)).toBe('https://pisync.school.example/api/alerts/41');
  });
});
