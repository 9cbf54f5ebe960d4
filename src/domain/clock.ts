import { Injectable } from '@nestjs/common';

/** The server's clock. A class of its own so that tests can set the time. */
@Injectable()
export class Clock {
  now(): Date {
    return new Date();
  }
}
