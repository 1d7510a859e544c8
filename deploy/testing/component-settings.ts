import { type SettingSpec, type SettingsSpec } from '@keelson/edge/service';
import { join } from 'node:path';
import { root } from './manifests';

type AnySettings = SettingsSpec<Record<string, SettingSpec>>;

/** The settings that a component declares. */
export async function settingsOf(component: string): Promise<AnySettings> {
  const file = join(root, 'apps', component, 'settings');
  const exported = Object.values((await import(file)) as Record<string, unknown>);
  const declared = exported.find(
    (value): value is AnySettings => typeof value === 'object' && value !== null && 'declarations' in value,
  );
  if (declared === undefined) throw new Error(`${file}.ts exports no settings`);
  return declared;
}
