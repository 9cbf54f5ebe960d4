import { FAILING_ALERT, MESSAGES } from '../message.examples.js';
import { emailContent } from './email-content.js';

describe('A mail', () => {
  it('says the same as text and as HTML', () => {
    const { subject, text, html } = emailContent(MESSAGES['alert.opened']);
    expect(subject).toBe('[PiSync] PIBOX-7 at Kibera Primary keeps failing to sync');
    for (const fact of [
      '⚠️ Device PIBOX-7 has failed 3 times in a row!',
      'upload timed out',
      'Kibera Primary',
    ]) {
      expect(text).toContain(fact);
      expect(html).toContain(fact);
    }
    expect(text.trimEnd().split('\n').at(-1)).toBe(MESSAGES['alert.opened'].link);
    expect(html).toContain(`<a href="${MESSAGES['alert.opened'].link}">`);
  });

  it('shows what a device wrote and never runs it', () => {
    const attack = `<script>alert("1")</script><img src=x onerror='x'>&amp;`;
    const { text, html } = emailContent({
      ...MESSAGES['alert.opened'],
      link: 'https://pisync.example/"onmouseover="x',
      alert: { ...FAILING_ALERT, last_error_message: attack },
    });
    expect(text).toContain(attack);
    expect(html).not.toMatch(/<script|<img|"onmouseover/);
    expect(html).toContain('&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;');
    expect(html).toContain('&amp;amp;');
  });
});
