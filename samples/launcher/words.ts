/** What stands under a mesh that is up: where to look, and what to try. */
export function closingWords(
  urls: readonly [string, string],
  rootFile: string,
  dataDir: string,
  metrics: string,
): string {
  const [http, https] = urls;
  const apply = (file: string): string => `npx meshctl apply --wait -f samples/bookinfo/try/${file}`;
  return `
The mesh is up.

  product page      ${http}
                    ${https}  (curl --cacert ${rootFile} …)
  proxies           npx meshctl proxy-status
  metrics           ${metrics}  (istio_requests_total, by Mixer)
  logs              ${dataDir}/logs/<component>.log
  state             ${dataDir} (removing it, when the mesh is down, begins anew)

Things to try; each file is one to read, and \`npx meshctl delete -f\` with the same file undoes it:

  1. nine of ten readers see no stars           ${apply('reviews-90-10.yaml')}
  2. jason sees black stars, others none        ${apply('reviews-jason-v2.yaml')}
     then                                       curl -s -H 'end-user: jason' ${http} | grep 'served by'
  3. ratings answers two requests in 10 s       ${apply('ratings-quota.yaml')}
     then                                       seq 9 | xargs -I{} curl -s -H 'end-user: jason' ${http} | grep -c 'Ratings are currently unavailable'
  4. jason waits 5 s for the details            ${apply('details-delay-jason.yaml')}
     then                                       time curl -s -o /dev/null -H 'end-user: jason' ${http}
  5. productpage may not call details           ${apply('details-deny-productpage.yaml')}
  6. a circuit breaker before productpage       ${apply('productpage-circuit-breaker.yaml')}
     then                                       seq 20 | xargs -P20 -I{} curl -s -o /dev/null -w '%{http_code}\\n' ${http} | sort | uniq -c
  7. a program on the denylist is refused       curl -s -A bad-bot ${http}

Ctrl-C stops everything.`;
}
