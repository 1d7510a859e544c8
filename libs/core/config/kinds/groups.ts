/** What the kinds of Istio's networking group have in common. */
export const networking = { group: 'networking.istio.io', versions: ['v1', 'v1beta1', 'v1alpha3'] } as const;

/** What the kinds of Istio's security group have in common. */
export const security = { group: 'security.istio.io', versions: ['v1', 'v1beta1'] } as const;

/** What the kinds of Mixer's group have in common. */
export const policy = { group: 'config.istio.io', versions: ['v1alpha2'] } as const;
