import { isTenant } from '../../quarantine/tenant-directory.js';
import { textOfValue } from '../key-of-record.js';
import type { Fields } from '../record-reader/record.js';

/** Whose a rejected record is. */
export interface TenantRule {
  /** Of records that do not say it. */
  readonly tenant: string;
  /** Where records say it. */
  readonly tenantField: string | undefined;
}

/** The value of the field, if the record could be read and that is the id of a tenant. */
export function tenantOf(fields: Fields | undefined, { tenant, tenantField }: TenantRule): string {
  if (fields === undefined || tenantField === undefined) return tenant;
  const value = textOfValue(fields.get(tenantField));
  return 'text' in value && isTenant(value.text) ? value.text : tenant;
}
