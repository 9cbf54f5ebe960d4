import { Injectable } from '@nestjs/common';
import { asked } from './database-error.js';
import { PrismaService } from './prisma.service.js';

@Injectable()
export class HealthRepository {
  constructor(private readonly prisma: PrismaService) {}

  /** Asks the database for nothing. @throws DatabaseUnavailable */
  async ping(): Promise<void> {
    await asked(() => this.prisma.$queryRaw`SELECT 1`);
  }
}
