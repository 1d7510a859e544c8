export { anyText } from './any-text';
export { mutations, numbers, scraps } from './mutations';
