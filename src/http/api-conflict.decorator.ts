import { ApiResponse } from '@nestjs/swagger';
import { problem } from './problem.js';

/**
 * Documents what an operation answers with 409 where `ApiProblems` has no words for it.
 *
 * @param examples a detail for people, by the code of its error
 */
export function ApiConflict(description: string, examples: Record<string, string>): MethodDecorator {
  return ApiResponse({
    status: 409,
    description,
    content: {
      'application/problem+json': {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(
          Object.entries(examples).map(([code, detail]) => [
            code,
            { value: problem(409, code, { detail, request_id: 'kq3VJ0aA-4' }) },
          ]),
        ),
      },
    },
  });
}
