/**
 * Nest is ESM, @nestjs/throttler is CommonJS and requires it. Node can do that from 20.19 on, Jest only on
 * Node 24.9 and later. For the others this transform takes Nest from where `nest-for-commonjs.ts` put it.
 */
export default {
  process(source) {
    return {
      code: source.replace(/require\(("@nestjs\/(?:common|core)")\)/g, 'globalThis.nestForCommonJs[$1]'),
    };
  },
};
