import type { Candidate } from '../database/outbox.row.js';
import { sendingStep } from './sending.rule.js';

function candidate(changes: Partial<Candidate> = {}): Candidate {
  return {
    transition: 'opened',
    attempted: false,
    alertStatus: 'open',
    devicePaused: false,
    blockedUntil: null,
    ...changes,
  };
}

const later = new Date('2026-05-04T10:30:00Z');

describe('A notification whose turn has come', () => {
  it.each([
    ['the opening of an alert that is open', {}, 'send'],
    ['the opening of an alert that somebody has acknowledged', { alertStatus: 'acknowledged' }, 'send'],
    ['an opening that nobody was told before it ended', { alertStatus: 'resolved' }, 'sendAsPassed'],
    ['an opening that somebody may have', { alertStatus: 'resolved', attempted: true }, 'send'],
    ['the end of an alert', { transition: 'resolved', alertStatus: 'resolved' }, 'send'],
    [
      'the end of an alert whose opening is under way',
      { transition: 'resolved', alertStatus: 'resolved', blockedUntil: later },
      'wait',
    ],
    ['a reminder', { transition: 'reminder' }, 'send'],
    [
      'a reminder of an alert whose opening is under way',
      { transition: 'reminder', blockedUntil: later },
      'wait',
    ],
    ['a reminder of what has ended', { transition: 'reminder', alertStatus: 'resolved' }, 'drop'],
    [
      'a reminder of what has ended, though it was tried',
      { transition: 'reminder', alertStatus: 'resolved', attempted: true },
      'drop',
    ],
    ['a reminder of what somebody knows', { transition: 'reminder', alertStatus: 'acknowledged' }, 'drop'],
    ['the opening of a paused device', { devicePaused: true }, 'wait'],
    ['the opening of a paused device that was tried before', { devicePaused: true, attempted: true }, 'send'],
    ['a digest', { transition: 'digest', alertStatus: null }, 'send'],
    ['a test', { transition: 'test', alertStatus: null }, 'send'],
  ] as [string, Partial<Candidate>, string][])('is judged: %s', (_, changes, step) => {
    expect(sendingStep(candidate(changes))).toBe(step);
  });
});
