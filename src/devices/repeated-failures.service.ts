import { Injectable } from '@nestjs/common';
import {
  FailingDevice,
  RepeatedFailureQuery,
  RepeatedFailureRepository,
} from '../database/repeated-failure.repository.js';
import { Clock } from '../domain/clock.js';
import { TimeWindow, timeWindow, WindowRequest } from '../domain/time-window.js';

@Injectable()
export class RepeatedFailuresService {
  constructor(
    private readonly failures: RepeatedFailureRepository,
    private readonly clock: Clock,
  ) {}

  /** @throws ValidationFailed */
  window(request: WindowRequest): TimeWindow | undefined {
    return timeWindow(request, this.clock.now());
  }

  mostFailuresFirst(query: RepeatedFailureQuery): Promise<FailingDevice[]> {
    return this.failures.mostFailuresFirst(query);
  }
}
