import { Module } from '@nestjs/common';
import { Destinations } from './destinations.js';
import { SecretsKeys } from './secrets-keys.js';

@Module({
  providers: [SecretsKeys, Destinations],
})
export class NotificationsModule {}
