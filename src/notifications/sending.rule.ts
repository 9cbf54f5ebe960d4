import type { Candidate, CandidateStep } from '../database/outbox.row.js';

/**
 * What is to be done with a notification whose turn has come.
 *
 * An end never overtakes its beginning. What ended before anybody could be told of its beginning is told once, as the
 * whole story; but what a receiver may have got is never told otherwise. A paused device's alerts say nothing.
 */
export function sendingStep(candidate: Candidate): CandidateStep {
  const { transition, attempted, alertStatus, devicePaused, blockedUntil } = candidate;
  // A digest, a test, or an alert that is no more: the message stands as it was written.
  if (alertStatus === null) return 'send';
  // Even one that was tried: after the end of its alert it would be wrong.
  if (transition === 'reminder' && alertStatus !== 'open') return 'drop';
  if (devicePaused && !attempted) return 'wait';
  if (blockedUntil !== null) return 'wait';
  return transition === 'opened' && alertStatus === 'resolved' && !attempted ? 'sendAsPassed' : 'send';
}
