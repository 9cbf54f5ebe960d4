import { ApiProperty } from '@nestjs/swagger';
import { KeyRole } from '../../generated/prisma/enums.js';
import { Principal } from '../principal.js';

/** A key to log in with; nothing, not even a body, where `Authorization` or `X-API-Key` carries it. */
export class OpenSessionRequest {
  /**
   * The key of a viewer, an operator or an admin.
   * @example psk_k3v9q0x1m7p2c5d8_Zx0v3nX2b8mJ5yq1TgP7cR9dL4wK6hS0aF8eU2iO3pQ
   */
  key?: string;
}

/** Who asks. */
export class SessionDto {
  /**
   * The session; null: the request came with a key, or AUTH_MODE=off.
   * @example w2n7c4t9r1y6b3z8
   */
  session_id: string | null;

  /**
   * Public part of the key; null where AUTH_MODE=off.
   * @example k3v9q0x1m7p2c5d8
   */
  key_id: string | null;

  /** @example Amina, Nairobi office */
  name: string;

  @ApiProperty({ enum: KeyRole, example: KeyRole.operator })
  role: KeyRole;

  /** When the session ends, or the key that the request came with; null: never. */
  expires_at: Date | null;
}

export function sessionDto({ sessionId, keyId, name, role, expiresAt }: Principal): SessionDto {
  return { session_id: sessionId, key_id: keyId, name, role, expires_at: expiresAt };
}
