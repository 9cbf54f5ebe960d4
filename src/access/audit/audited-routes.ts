import { Injectable, OnModuleInit, RequestMethod, Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { AUDITED } from './audited-route.js';

/** Holds that every route that may change something says what becomes of it in the audit log. */
@Injectable()
export class AuditedRoutes implements OnModuleInit {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
  ) {}

  /** @throws Error that names every route that does not; the service does not start then */
  onModuleInit(): void {
    const silent = this.discovery.getControllers().flatMap(({ metatype }) => this.silentIn(metatype as Type));
    if (silent.length === 0) return;
    throw new Error(`Routes without @Audited() or @NotAudited(): ${silent.join(', ')}`);
  }

  private silentIn(controller: Type): string[] {
    const prototype = controller.prototype as Record<string, object>;
    return this.scanner
      .getAllMethodNames(prototype)
      .filter((name) => mayChangeSomething(prototype[name]) && !Reflect.hasMetadata(AUDITED, prototype[name]))
      .map((name) => `${controller.name}.${name}`);
  }
}

function mayChangeSomething(handler: object): boolean {
  if (!Reflect.hasMetadata(PATH_METADATA, handler)) return false;
  const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod;
  return method !== RequestMethod.GET && method !== RequestMethod.HEAD;
}
