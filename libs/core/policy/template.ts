import type { ValueType } from '@keelson/core/attributes';

/** What happens with instances of a template: checks before a request, quotas of it, reports after it. */
export type Variety = 'check' | 'quota' | 'report';

/** What a field takes: an expression of a type, of any type (VALUE), any number of those by name (VALUES), or fields. */
export type TemplateField = ValueType | 'VALUE' | 'VALUES' | TemplateFields;

export interface TemplateFields {
  readonly [name: string]: TemplateField;
}

/** The shape of what adapters are given. */
export interface Template {
  readonly name: string;
  /** Of the old kind of configuration that is named after it. */
  readonly plural: string;
  readonly variety: Variety;
  /** By the name as JSON has it; in configuration the name of the `.proto` file, with underscores, is the same. */
  readonly fields: TemplateFields;
}
