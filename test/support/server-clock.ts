import { Clock } from '../../src/domain/clock.js';
import { TestService } from './service.js';

/** Stops the service's clock at this time, until `letServerClockRun`. */
export function stopServerClock(service: TestService, at: string | Date): void {
  const time = new Date(at);
  service.app.get(Clock).now = () => new Date(time);
}

export function letServerClockRun(service: TestService): void {
  // Uncovers the method of the class.
  delete (service.app.get(Clock) as Partial<Clock>).now;
}
