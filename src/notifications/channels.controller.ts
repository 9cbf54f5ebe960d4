import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiParam, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { Audited } from '../access/audit/audited.decorator.js';
import { Roles } from '../access/roles.decorator.js';
import type { ChannelSettings } from '../database/channel.repository.js';
import { ApiConflict } from '../http/api-conflict.decorator.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { page } from '../http/page.js';
import { PageQuery } from '../http/page.query.dto.js';
import { RowIdPipe } from '../http/row-id.pipe.js';
import { ChannelTestDto, channelTestDto } from './channel-test.dto.js';
import { ChannelTest } from './channel-test.service.js';
import { ChannelDto, channelDto, ChannelWithSecretDto } from './channel.dto.js';
import { CreateChannelRequest, UpdateChannelRequest } from './channel-request.dto.js';
import { ChannelHasNoSecret, LogChannelStays, SmtpNotConfigured } from './channel.errors.js';
import { RotateSecretQuery } from './channels.query.dto.js';
import { ChannelsService, ChannelWithSecret } from './channels.service.js';
import { SecretsKeyMissing } from './secrets-keys.js';

const ApiChannelId = (): MethodDecorator => ApiParam({ name: 'id', type: 'integer', example: 2 });

/** What the audit log says of a channel's fields: an address may carry a token, a recipient is a person. */
const SHOWN = ['name', 'alert_kinds', 'sites', 'wants_resolved', 'wants_reminders', 'enabled'];
const HIDDEN = ['url', 'recipients'];

@ApiTags('Channels')
@Roles('admin')
@Controller('channels')
export class ChannelsController {
  constructor(
    private readonly channels: ChannelsService,
    private readonly tests: ChannelTest,
  ) {}

  /**
   * Make a channel: alerts are sent there from now on.
   *
   * The answer carries a webhook's secret, once. `POST /api/channels/{id}/test` tells whether messages arrive.
   */
  @Post()
  @Audited<ChannelWithSecretDto>('channel.created', {
    id: ({ id }) => id,
    shows: ['kind', ...SHOWN],
    hides: HIDDEN,
  })
  @ApiCreatedResponse({ type: ChannelWithSecretDto })
  @ApiProblems(400, 413, 415, 429, 503)
  @ApiConflict('It could not be kept, or not be sent to.', {
    secrets_key_missing: new SecretsKeyMissing().message,
    smtp_not_configured: new SmtpNotConfigured().message,
  })
  async create(@Body() wanted: CreateChannelRequest): Promise<ChannelWithSecretDto> {
    return this.withSecret(
      await this.channels.create({ ...settings(wanted), kind: wanted.kind, name: wanted.name }),
    );
  }

  /**
   * Where alerts go, in the order the channels were made.
   *
   * The log channel is always there, and the first. The next page is in the `Link` header.
   */
  @Get()
  @Roles('operator')
  @ApiOkResponse({ type: [ChannelDto] })
  @ApiProblems(400, 429, 503)
  async list(
    @Query() query: PageQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<ChannelDto[]> {
    const channels = await this.channels.list({
      afterId: query.cursor === undefined ? undefined : decodeCursor<[number]>(query.cursor, 'number')[0],
      limit: query.limit + 1,
    });
    return page(request, response, channels, query.limit, (last) => encodeCursor([last.id])).map((channel) =>
      channelDto(channel, this.channels.shownAddress(channel)),
    );
  }

  /** One channel. */
  @Get(':id')
  @Roles('operator')
  @ApiChannelId()
  @ApiOkResponse({ type: ChannelDto })
  @ApiProblems(400, 404, 429, 503)
  async get(@Param('id', RowIdPipe) id: number): Promise<ChannelDto> {
    const channel = await this.channels.get(id);
    return channelDto(channel, this.channels.shownAddress(channel));
  }

  /**
   * Change a channel, or switch it on and off.
   *
   * What is left out stays. Its kind cannot change. To enable a channel clears `disabled_reason`.
   */
  @Patch(':id')
  @Audited('channel.changed', { shows: SHOWN, hides: HIDDEN })
  @ApiChannelId()
  @ApiOkResponse({ type: ChannelDto })
  @ApiProblems(400, 404, 413, 415, 429, 503)
  @ApiConflict('Its new address could not be kept.', { secrets_key_missing: new SecretsKeyMissing().message })
  async change(
    @Param('id', RowIdPipe) id: number,
    @Body() changes: UpdateChannelRequest,
  ): Promise<ChannelDto> {
    const channel = await this.channels.change(id, settings(changes));
    return channelDto(channel, this.channels.shownAddress(channel));
  }

  /**
   * Delete a channel, with its delivery log and whatever was still owed to it.
   *
   * The log channel stays; it can be switched off.
   */
  @Delete(':id')
  @Audited('channel.deleted')
  @HttpCode(204)
  @ApiChannelId()
  @ApiNoContentResponse({ description: 'Deleted.' })
  @ApiProblems(400, 404, 429, 503)
  @ApiConflict('It is the log channel.', { log_channel_stays: new LogChannelStays().message })
  delete(@Param('id', RowIdPipe) id: number): Promise<void> {
    return this.channels.delete(id);
  }

  /**
   * Send a test message now, and say what became of it.
   *
   * A disabled channel is tested, too. The test is in the delivery log, as a notification of the transition `test`. It
   * is tried once. A receiver that answers 410 disables the channel, as it does for an alert.
   */
  @Post(':id/test')
  @Audited<ChannelTestDto>('channel.tested', { adds: ({ delivered, reason }) => ({ delivered, reason }) })
  @HttpCode(200)
  @ApiChannelId()
  @ApiOkResponse({ type: ChannelTestDto })
  @ApiProblems(400, 404, 429, 503)
  async test(@Param('id', RowIdPipe) id: number): Promise<ChannelTestDto> {
    return channelTestDto(await this.tests.send(id));
  }

  /**
   * Replace a webhook's secret.
   *
   * The answer carries the new one, once. Messages are signed with both secrets for `overlap_hours`, so that the
   * receiver can change over in that time.
   */
  @Post(':id/rotate-secret')
  @Audited('channel.secret_rotated', { shows: ['overlap_hours'] })
  @HttpCode(200)
  @ApiChannelId()
  @ApiOkResponse({ type: ChannelWithSecretDto })
  @ApiProblems(400, 404, 429, 503)
  @ApiConflict('It has no secret, or a new one could not be kept.', {
    channel_has_no_secret: new ChannelHasNoSecret('slack').message,
    secrets_key_missing: new SecretsKeyMissing().message,
  })
  async rotateSecret(
    @Param('id', RowIdPipe) id: number,
    @Query() { overlap_hours }: RotateSecretQuery,
  ): Promise<ChannelWithSecretDto> {
    return this.withSecret(await this.channels.rotateSecret(id, overlap_hours));
  }

  private withSecret({ channel, secret }: ChannelWithSecret): ChannelWithSecretDto {
    return { ...channelDto(channel, this.channels.shownAddress(channel)), secret };
  }
}

function settings(given: CreateChannelRequest | UpdateChannelRequest): ChannelSettings {
  return {
    name: given.name,
    url: given.url,
    recipients: given.recipients,
    alertKinds: given.alert_kinds,
    sites: given.sites,
    wantsResolved: given.wants_resolved,
    wantsReminders: given.wants_reminders,
    enabled: given.enabled,
  };
}
