import {
  Body,
  Controller,
  Delete,
  Get,
  Header,
  HttpCode,
  HttpStatus,
  Param,
  Post,
  Query,
  Req,
  Res,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { parseTimestamp } from '../domain/timestamp.js';
import { ApiProblems } from '../http/api-problems.decorator.js';
import { decodeCursor, encodeCursor, invalidCursor } from '../http/cursor.js';
import { parseQueryTimestamp } from '../http/is-timestamp.decorator.js';
import { page } from '../http/page.js';
import {
  AccessKeyDto,
  accessKeyDto,
  AccessKeysQuery,
  CreateAccessKeyRequest,
  CreatedAccessKeyDto,
  createdAccessKeyDto,
} from './access-key.dto.js';
import { AccessKeysService } from './access-keys.service.js';
import { KeyNotFound } from './key-not-found.js';
import { KEY_ID } from './key-token.js';
import { Audited } from './audit/audited.decorator.js';
import { principalOf } from './principal.js';
import { Roles } from './roles.decorator.js';

@ApiTags('Keys')
@Roles('admin')
@Controller('keys')
export class AccessKeysController {
  constructor(private readonly keys: AccessKeysService) {}

  /**
   * Make a key.
   *
   * The answer shows it, this once: only its SHA-256 is kept. The first key of a service is made on its command line:
   * `npm run keys -- create --role admin --name ...`.
   */
  @Post()
  @Audited<CreatedAccessKeyDto>('key.created', {
    id: ({ id }) => id,
    shows: ['name', 'role', 'device_id', 'site', 'expires_at', 'max_uses', 'new_devices_per_hour'],
  })
  @Header('Cache-Control', 'no-store')
  @ApiCreatedResponse({ type: CreatedAccessKeyDto })
  @ApiProblems(400, 413, 415, 429, 503)
  async create(@Body() body: CreateAccessKeyRequest, @Req() request: Request): Promise<CreatedAccessKeyDto> {
    const created = await this.keys.create(
      {
        name: body.name,
        role: body.role,
        // null is the same as nothing.
        deviceId: body.device_id ?? undefined,
        site: body.site ?? undefined,
        expiresAt: parseQueryTimestamp(body.expires_at ?? undefined),
        maxUses: body.max_uses ?? undefined,
        newDevicesPerHour: body.new_devices_per_hour ?? undefined,
      },
      principalOf(request).keyId,
    );
    return createdAccessKeyDto(created);
  }

  /**
   * Keys, the newest first; revoked and expired ones too.
   *
   * The next page is in the `Link` header.
   */
  @Get()
  @ApiOkResponse({ type: [AccessKeyDto] })
  @ApiProblems(400, 429, 503)
  async list(
    @Query() query: AccessKeysQuery,
    @Req() request: Request,
    @Res({ passthrough: true }) response: Response,
  ): Promise<AccessKeyDto[]> {
    const keys = await this.keys.list({
      role: query.role,
      deviceId: query.device_id,
      before: query.cursor === undefined ? undefined : placeOf(query.cursor),
      limit: query.limit + 1,
    });
    return page(request, response, keys, query.limit, ({ createdAt, id }) =>
      encodeCursor([createdAt.toISOString(), id]),
    ).map(accessKeyDto);
  }

  /** One key. */
  @Get(':id')
  @ApiOkResponse({ type: AccessKeyDto })
  @ApiProblems(404, 429, 503)
  async get(@Param('id') id: string): Promise<AccessKeyDto> {
    return accessKeyDto(await this.keys.get(existing(id)));
  }

  /**
   * Revoke a key, for ever.
   *
   * The replica that answers refuses it at once, the others within `KEY_CACHE_SECONDS`, 30 seconds at most. Revoking it
   * again is no error.
   */
  @Delete(':id')
  @Audited('key.revoked')
  @HttpCode(HttpStatus.NO_CONTENT)
  @ApiNoContentResponse({ description: 'It is revoked.' })
  @ApiProblems(404, 429, 503)
  async revoke(@Param('id') id: string, @Req() request: Request): Promise<void> {
    await this.keys.revoke(existing(id), principalOf(request).keyId);
  }
}

/** What cannot be an id is the id of no key; the database need not be asked. @throws KeyNotFound */
function existing(id: string): string {
  if (!KEY_ID.test(id)) throw new KeyNotFound('of this id');
  return id;
}

function placeOf(cursor: string): { createdAt: Date; id: string } {
  const [time, id] = decodeCursor<[string, string]>(cursor, 'string', 'string');
  const createdAt = parseTimestamp(time);
  if (!createdAt || !KEY_ID.test(id)) throw invalidCursor();
  return { createdAt, id };
}
