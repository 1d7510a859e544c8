import { containerOf, workloads } from '../testing/manifests';

const user = 10_001;

describe.each(workloads.map((workload) => [workload.metadata.name, workload] as const))('pods of %s', (_, workload) => {
  const { spec } = workload.spec.template;
  const container = containerOf(workload);

  it('run as one fixed user, who is not root, with the default seccomp profile', () => {
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: user,
      runAsGroup: user,
      fsGroup: user,
      seccompProfile: { type: 'RuntimeDefault' },
    });
  });

  it("leave the files below a volume as they are: a private key stays its owner's", () => {
    expect(spec.securityContext.fsGroupChangePolicy).toBe('OnRootMismatch');
  });

  it('have no capability, gain none, and cannot write to their own files', () => {
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });

  it('ask for what they need and have a limit of memory', () => {
    expect(Object.keys(container.resources.requests)).toEqual(['cpu', 'memory']);
    expect(container.resources.limits.memory).toMatch(/^\d+[MG]i$/);
  });

  it('write only to volumes, and see Secrets that nobody else may read', () => {
    const writable = new Set(
      spec.volumes
        .filter(({ emptyDir, persistentVolumeClaim }) => emptyDir ?? persistentVolumeClaim)
        .map(({ name }) => name)
        .concat((workload.spec.volumeClaimTemplates ?? []).map(({ metadata }) => metadata.name)),
    );
    for (const mount of container.volumeMounts)
      expect([mount.name, mount.readOnly ?? false]).toEqual([mount.name, !writable.has(mount.name)]);
    for (const { secret, emptyDir } of spec.volumes) {
      if (secret !== undefined) expect(secret.defaultMode).toBe(0o440);
      if (emptyDir !== undefined) expect(emptyDir.medium).toBe('Memory');
    }
  });
});
