import { Injectable, OnModuleInit, Type } from '@nestjs/common';
import { PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner, Reflector } from '@nestjs/core';
import { KeyRole } from '../generated/prisma/enums.js';
import { ALLOWED_ROLES, EVERYBODY } from './roles.decorator.js';

type Handler = (...args: never[]) => unknown;
type Allowed = ReadonlySet<KeyRole> | typeof EVERYBODY;

/** Nobody, should a route ever be asked for that was not there at the start. */
const NOBODY: ReadonlySet<KeyRole> = new Set();

/** What each route declares, read once: asking the decorators again would cost each request more than its key. */
@Injectable()
export class RouteRoles implements OnModuleInit {
  private readonly allowed = new Map<Type, Map<unknown, Allowed>>();

  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly reflector: Reflector,
  ) {}

  /** @throws Error that names every route without a declaration; the service does not start then */
  onModuleInit(): void {
    const undeclared = this.discovery.getControllers().flatMap(({ metatype }) => this.read(metatype as Type));
    if (undeclared.length === 0) return;
    throw new Error(`Routes without @Roles() or @Public(): ${undeclared.join(', ')}`);
  }

  of(controller: Type, handler: unknown): Allowed {
    return this.allowed.get(controller)?.get(handler) ?? NOBODY;
  }

  /** @returns the names of the routes that declare nothing */
  private read(controller: Type): string[] {
    const handlers = new Map<unknown, Allowed>();
    this.allowed.set(controller, handlers);
    const undeclared: string[] = [];
    for (const name of this.scanner.getAllMethodNames(controller.prototype as object)) {
      const handler = (controller.prototype as Record<string, Handler>)[name];
      if (!Reflect.hasMetadata(PATH_METADATA, handler)) continue;
      const allowed = this.reflector.getAllAndOverride<Allowed | undefined>(ALLOWED_ROLES, [
        handler,
        controller,
      ]);
      if (allowed) handlers.set(handler, allowed);
      else undeclared.push(`${controller.name}.${name}`);
    }
    return undeclared;
  }
}
