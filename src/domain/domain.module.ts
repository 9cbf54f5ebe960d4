import { Global, Module } from '@nestjs/common';
import { Clock } from './clock.js';

/** The server's clock, one for all modules: a test that sets it sets it everywhere. */
@Global()
@Module({ providers: [Clock], exports: [Clock] })
export class DomainModule {}
