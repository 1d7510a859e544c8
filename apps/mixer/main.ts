import { runService } from '@keelson/edge/service';
import { mixer } from './mixer.module';

void runService(mixer);
