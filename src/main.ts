import { createApp } from './app.setup.js';
import { loadConfig, ConfigError, readEnvFile } from './config/load-config.js';
const c = loadConfig();
const app = await createApp(c);
await app.listen(c.port, c.host);
void ConfigError;
void readEnvFile;
