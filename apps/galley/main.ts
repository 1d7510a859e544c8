import { runService } from '@keelson/edge/service';
import { galleyModule } from './galley.module';
import { galleySettings } from './settings';

void runService({
  name: 'galley',
  settings: galleySettings,
  monitoringPort: (values) => values.monitoringPort,
  module: galleyModule,
});
