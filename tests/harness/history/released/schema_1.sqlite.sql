BEGIN TRANSACTION;
CREATE TABLE bakeoff_changes (
	suite TEXT NOT NULL, 
	id VARCHAR(16) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	confirmation VARCHAR(20) NOT NULL, 
	first_bad_night VARCHAR(10) NOT NULL, 
	told_at DATETIME NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (suite, id)
);
CREATE TABLE bakeoff_environments (
	fingerprint VARCHAR(16) NOT NULL, 
	facts TEXT NOT NULL, 
	PRIMARY KEY (fingerprint)
);
INSERT INTO "bakeoff_environments" VALUES('00000000000000aa','{"os": "Android 14"}');
CREATE TABLE bakeoff_nights (
	suite TEXT NOT NULL, 
	night VARCHAR(10) NOT NULL, 
	host TEXT NOT NULL, 
	outcome VARCHAR(20) NOT NULL, 
	finished_at DATETIME NOT NULL, 
	document TEXT NOT NULL, 
	PRIMARY KEY (suite, night, host)
);
CREATE TABLE bakeoff_quarantines (
	device TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	reason TEXT NOT NULL, 
	failures INTEGER NOT NULL, 
	PRIMARY KEY (device)
);
INSERT INTO "bakeoff_quarantines" VALUES('adb:R5CT30','2026-01-02 03:00:00.000000','it failed three times',3);
CREATE TABLE bakeoff_results (
	run INTEGER NOT NULL, 
	series INTEGER NOT NULL, 
	measured_at DATETIME NOT NULL, 
	estimate DOUBLE, 
	low DOUBLE, 
	high DOUBLE, 
	level DOUBLE, 
	n INTEGER, 
	baseline_value DOUBLE, 
	baseline_source TEXT, 
	candidate_value DOUBLE, 
	candidate_source TEXT, 
	unavailable TEXT, 
	PRIMARY KEY (run, series), 
	FOREIGN KEY(run) REFERENCES bakeoff_runs (id) ON DELETE CASCADE, 
	FOREIGN KEY(series) REFERENCES bakeoff_series (id)
)
 WITHOUT ROWID

;
INSERT INTO "bakeoff_results" VALUES(1,1,'2026-01-02 03:00:00.000000',0.9,0.89,0.91,0.95,10,10.0,'measured',9.0,'measured',NULL);
INSERT INTO "bakeoff_results" VALUES(1,2,'2026-01-02 03:00:00.000000',NULL,NULL,NULL,NULL,NULL,NULL,'no references',NULL,'no references','no references');
INSERT INTO "bakeoff_results" VALUES(2,1,'2026-01-03 03:00:00.000000',0.8,0.79,0.81,0.95,10,10.0,'measured',8.0,'measured',NULL);
CREATE TABLE bakeoff_runs (
	id INTEGER NOT NULL, 
	run_id TEXT NOT NULL, 
	suite TEXT NOT NULL, 
	night VARCHAR(10) NOT NULL, 
	attempt INTEGER NOT NULL, 
	experiment TEXT NOT NULL, 
	design TEXT NOT NULL, 
	device TEXT NOT NULL, 
	host TEXT NOT NULL, 
	folder TEXT NOT NULL, 
	measured_at DATETIME NOT NULL, 
	environment VARCHAR(16) NOT NULL, 
	commits TEXT NOT NULL, 
	decision VARCHAR(20), 
	sentence TEXT, 
	PRIMARY KEY (id), 
	CONSTRAINT bakeoff_runs_once UNIQUE (run_id, device), 
	FOREIGN KEY(environment) REFERENCES bakeoff_environments (fingerprint)
);
INSERT INTO "bakeoff_runs" VALUES(1,'first','phones','2026-01-02',1,'sr','dddddddddddddddd','adb:R5CT30','desk','/runs/first','2026-01-02 03:00:00.000000','00000000000000aa','[]','ship','Ship newest.');
INSERT INTO "bakeoff_runs" VALUES(2,'second','phones','2026-01-03',1,'sr','dddddddddddddddd','adb:R5CT30','desk','/runs/second','2026-01-03 03:00:00.000000','00000000000000aa','[]','hold',NULL);
CREATE TABLE bakeoff_schema (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT bakeoff_schema_pkc PRIMARY KEY (version_num)
);
INSERT INTO "bakeoff_schema" VALUES('1');
CREATE TABLE bakeoff_series (
	id INTEGER NOT NULL, 
	suite TEXT NOT NULL, 
	experiment TEXT NOT NULL, 
	device TEXT NOT NULL, 
	candidate TEXT NOT NULL, 
	quantity TEXT NOT NULL, 
	scale VARCHAR(10) NOT NULL, 
	unit TEXT NOT NULL, 
	better VARCHAR(10) NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT bakeoff_series_once UNIQUE (suite, experiment, device, candidate, quantity, scale, unit, better)
);
INSERT INTO "bakeoff_series" VALUES(1,'phones','sr','adb:R5CT30','newest','latency_p50','ratio','ns','lower');
INSERT INTO "bakeoff_series" VALUES(2,'phones','sr','adb:R5CT30','newest','psnr_y','difference','dB','higher');
CREATE INDEX bakeoff_runs_by_time ON bakeoff_runs (measured_at);
CREATE INDEX bakeoff_runs_by_night ON bakeoff_runs (suite, night);
CREATE INDEX bakeoff_results_of_a_series ON bakeoff_results (series, measured_at);
CREATE INDEX bakeoff_results_by_time ON bakeoff_results (measured_at, series, run);
COMMIT;
