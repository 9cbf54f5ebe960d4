import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { ChannelTest } from './channel-test.service.js';
import { ChannelsController } from './channels.controller.js';
import { ChannelsService } from './channels.service.js';
import { Courier } from './courier.js';
import { DeliveryModule } from './delivery/delivery.module.js';
import { Destinations } from './destinations.js';
import { NotificationsController } from './notifications.controller.js';
import { NotificationsService } from './notifications.service.js';
import { NotifyOnAlertChangedListener } from './notify-on-alert-changed.listener.js';
import { ResealChannels } from './reseal-channels.js';
import { SecretsKeys } from './secrets-keys.js';
import { Sender } from './sender.js';

/** Where alerts go, and what became of them. The alerts start first: their sweep owes what the sender sends. */
@Module({
  imports: [AlertsModule, DeliveryModule],
  controllers: [ChannelsController, NotificationsController],
  providers: [
    SecretsKeys,
    Destinations,
    ResealChannels,
    ChannelsService,
    ChannelTest,
    NotificationsService,
    Courier,
    Sender,
    NotifyOnAlertChangedListener,
  ],
})
export class NotificationsModule {}
