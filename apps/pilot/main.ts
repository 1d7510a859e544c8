import { runService } from '@keelson/edge/service';
import { pilotModule } from './pilot.module';
import { pilotSettings } from './settings';

void runService({
  name: 'pilot',
  settings: pilotSettings,
  monitoringPort: (values) => values.monitoringPort,
  module: pilotModule,
});
