import { join } from 'node:path';
import { bootstrapFiles, defaultTlsNames, type CommonValues } from './component-settings';
import { isLoopback } from './loopback';
import { connectNats, type NatsLink } from './nats-link';
import { obtainIdentity } from './obtain-identity';
import { type Runtime } from './runtime';
import { SettingsError } from './settings';
import { type TlsIdentity } from './tls-identity';

/** The identity of a component by its settings, kept in its data folder; undefined when it runs insecurely. */
export function componentIdentity(
  runtime: Runtime<CommonValues>,
  component: string = runtime.name,
): TlsIdentity | undefined {
  const { settings, log, health } = runtime;
  if (settings.insecure) {
    if (!isLoopback(settings.bindAddress))
      throw new SettingsError(
        `--insecure asks nobody who he is, so it serves on loopback only, not on --bind-address ${settings.bindAddress}`,
      );
    return undefined;
  }
  let had = false;
  health.set('identity', false, `no certificate yet from Citadel at ${settings.citadelAddress}`);
  const identity = obtainIdentity({
    ...bootstrapFiles(component, settings),
    citadelAddress: settings.citadelAddress,
    dir: join(runtime.openDataDir(), 'identity'),
    serverNames: settings.tlsNames.length > 0 ? settings.tlsNames : defaultTlsNames(component, settings.rootNamespace),
    onFailure: (reason) => {
      // The one that is there goes on being used: a renewal that is late makes nobody less ready.
      if (!had)
        health.set('identity', false, `no certificate yet from Citadel at ${settings.citadelAddress}: ${reason}`);
    },
    log,
  });
  void identity.ready().then(() => {
    had = true;
    health.set('identity', true);
  });
  runtime.onStop(() => {
    identity.stop();
  });
  return identity;
}

/** The connection of a component to NATS by its settings; undefined when none is set. It ends with the component. */
export function componentNats(
  runtime: Runtime<CommonValues>,
  component: string,
  identity: TlsIdentity | undefined,
): NatsLink | undefined {
  const { settings, log, health } = runtime;
  if (settings.natsUrl === '') return undefined;
  const link = connectNats({
    url: settings.natsUrl,
    prefix: settings.natsPrefix,
    identity,
    name: component,
    log,
    health,
  });
  runtime.onStop(() => link.stop());
  return link;
}
