import { auditDetails } from './audit-details.js';

describe('The details of an audit entry', () => {
  it('are the shown fields that were given, with their values', () => {
    expect(
      auditDetails({ name: 'Ops', labels: ['a'], enabled: false, site: null, more: 1 }, [
        'name',
        'site',
        'labels',
        'enabled',
        'kind',
      ]),
    ).toEqual({ name: 'Ops', site: null, labels: ['a'], enabled: false });
  });

  it('tell of a hidden field that it was given, and nothing of its value', () => {
    expect(
      auditDetails({ url: 'https://hooks.example/secret', note: null }, [], ['url', 'note', 'other']),
    ).toEqual({
      url: '(not shown)',
      note: '(not shown)',
    });
  });

  it('hold no field that the route did not declare, whatever it is called', () => {
    const given = JSON.parse('{"__proto__":{"a":1},"constructor":"x","toString":"y","token":"z"}') as object;
    expect(auditDetails(given as Record<string, unknown>, ['name', 'valueOf'], ['key'])).toEqual({});
  });

  it('hold nothing that is nested', () => {
    expect(
      auditDetails({ name: { secret: 'x' }, labels: ['a', { secret: 'x' }] }, ['name', 'labels']),
    ).toEqual({
      name: '(not shown)',
      labels: '(not shown)',
    });
  });
});
