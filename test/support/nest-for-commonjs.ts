import * as common from '@nestjs/common';
import * as core from '@nestjs/core';

/** Where `commonjs-throttler.mjs` finds Nest: in the same realm as the test, so that classes are the same. */
(globalThis as { nestForCommonJs?: object }).nestForCommonJs = {
  '@nestjs/common': common,
  '@nestjs/core': core,
};
