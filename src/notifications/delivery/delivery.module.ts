import { Module } from '@nestjs/common';
import { Config } from '../../config/config.js';
import { DestinationPolicy } from './destination.policy.js';
import { HttpPost } from './http-post.js';
import { MessageDelivery } from './message-delivery.js';
import { NameLookup } from './name-lookup.js';

/** Sends one message to one channel. It knows no database. */
@Module({
  providers: [
    { provide: NameLookup, useFactory: () => new NameLookup() },
    {
      provide: DestinationPolicy,
      useFactory: (config: Config) => new DestinationPolicy(config),
      inject: [Config],
    },
    {
      provide: HttpPost,
      useFactory: (policy: DestinationPolicy, names: NameLookup) => new HttpPost(policy, names),
      inject: [DestinationPolicy, NameLookup],
    },
    MessageDelivery,
  ],
  exports: [MessageDelivery],
})
export class DeliveryModule {}
