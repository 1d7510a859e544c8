import { runService } from '@keelson/edge/service';
import { citadel } from './citadel.module';

void runService(citadel);
