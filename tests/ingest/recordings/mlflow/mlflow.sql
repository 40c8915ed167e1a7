BEGIN TRANSACTION;
CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "datasets" VALUES('d6509face7154dfb8079e5f916815e44',1,'dataset','14b94953','code','{"tags": {"mlflow.user": "recorder", "mlflow.source.name": "/tmp/x/make_mlflow.py", "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": "a894389b35e9837576973eff0ad3e79d1bf9d903", "mlflow.source.git.branch": "master"}}','{"mlflow_colspec": [{"type": "double", "name": "sepal length (cm)", "required": true}, {"type": "double", "name": "sepal width (cm)", "required": true}, {"type": "double", "name": "petal length (cm)", "required": true}, {"type": "double", "name": "petal width (cm)", "required": true}]}','{"num_rows": 112, "num_elements": 448}');
INSERT INTO "datasets" VALUES('916e812ea92b49a58faf068dbc0c02ea',2,'diabetes','ce80b7f0','code','{"tags": {"mlflow.user": "recorder", "mlflow.source.name": "/tmp/x/make_mlflow.py", "mlflow.source.type": "LOCAL", "mlflow.source.git.commit": "a894389b35e9837576973eff0ad3e79d1bf9d903", "mlflow.source.git.branch": "master"}}','{"mlflow_colspec": [{"type": "double", "name": "age", "required": true}, {"type": "double", "name": "sex", "required": true}, {"type": "double", "name": "bmi", "required": true}, {"type": "double", "name": "bp", "required": true}, {"type": "double", "name": "s1", "required": true}, {"type": "double", "name": "s2", "required": true}, {"type": "double", "name": "s3", "required": true}, {"type": "double", "name": "s4", "required": true}, {"type": "double", "name": "s5", "required": true}, {"type": "double", "name": "s6", "required": true}, {"type": "double", "name": "target", "required": true}]}','{"num_rows": 442, "num_elements": 4862}');
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','/tmp/x/database/mlruns/0','active',1795544299532,1795544299532,'default');
INSERT INTO "experiments" VALUES(1,'flowers','/tmp/x/database/artifacts','active',1795544299552,1795544299552,'default');
INSERT INTO "experiments" VALUES(2,'diabetes','/tmp/x/database/mlruns/2','active',1795544300957,1795544300957,'default');
INSERT INTO "experiments" VALUES(3,'networks','/tmp/x/database/mlruns/3','active',1795544301270,1795544301270,'default');
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('0756fff88c1640d39fe2402c2f36ce15','mlflow.data.context','train');
INSERT INTO "input_tags" VALUES('9eb78020fb694793b3fd546c45133496','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('0756fff88c1640d39fe2402c2f36ce15','DATASET','d6509face7154dfb8079e5f916815e44','RUN','76bb6af9899948a788987e5e86ebb56e',0);
INSERT INTO "inputs" VALUES('9eb78020fb694793b3fd546c45133496','DATASET','916e812ea92b49a58faf068dbc0c02ea','RUN','423d852e11ed43a9892bc145cb6903a0',0);
CREATE TABLE "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "latest_metrics" VALUES('training_precision_score',9.82142857142857095276e-01,1795544299902,0,0,'76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "latest_metrics" VALUES('training_recall_score',9.82142857142857095276e-01,1795544299902,0,0,'76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "latest_metrics" VALUES('training_f1_score',9.82142857142857095276e-01,1795544299902,0,0,'76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "latest_metrics" VALUES('training_accuracy_score',9.82142857142857095276e-01,1795544299902,0,0,'76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "latest_metrics" VALUES('training_score',9.82142857142857095276e-01,1795544300856,0,0,'76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "latest_metrics" VALUES('Pipeline_score_X_test',9.7368421052631581869e-01,1795544300904,0,0,'76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "latest_metrics" VALUES('test_accuracy',9.7368421052631581869e-01,1795544300927,0,0,'76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "latest_metrics" VALUES('rmse',58.5,1795544300997,0,0,'423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "latest_metrics" VALUES('r2',3.94547794233009674336e-01,1795544301094,0,0,'c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "latest_metrics" VALUES('surprise',0.5,1795544301100,0,0,'c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "latest_metrics" VALUES('r2',4.24073314739452755794e-01,1795544301218,0,0,'102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "latest_metrics" VALUES('surprise',1.0,1795544301226,0,0,'102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "latest_metrics" VALUES('val/accuracy',0.8,1795544301409,3,0,'1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "latest_metrics" VALUES('train_loss',0.25,1795544301409,3,0,'1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "latest_metrics" VALUES('gap',3.00000000000000044408e-01,1795544301409,3,0,'1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "latest_metrics" VALUES('accuracy',0.1,1795544305718,0,0,'9f5f9fe4396e47409aa22a084f6da6de');
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('training_precision_score',9.82142857142857095276e-01,1795544299902,'76bb6af9899948a788987e5e86ebb56e',0,0);
INSERT INTO "metrics" VALUES('training_recall_score',9.82142857142857095276e-01,1795544299902,'76bb6af9899948a788987e5e86ebb56e',0,0);
INSERT INTO "metrics" VALUES('training_f1_score',9.82142857142857095276e-01,1795544299902,'76bb6af9899948a788987e5e86ebb56e',0,0);
INSERT INTO "metrics" VALUES('training_accuracy_score',9.82142857142857095276e-01,1795544299902,'76bb6af9899948a788987e5e86ebb56e',0,0);
INSERT INTO "metrics" VALUES('training_score',9.82142857142857095276e-01,1795544300856,'76bb6af9899948a788987e5e86ebb56e',0,0);
INSERT INTO "metrics" VALUES('Pipeline_score_X_test',9.7368421052631581869e-01,1795544300904,'76bb6af9899948a788987e5e86ebb56e',0,0);
INSERT INTO "metrics" VALUES('test_accuracy',9.7368421052631581869e-01,1795544300927,'76bb6af9899948a788987e5e86ebb56e',0,0);
INSERT INTO "metrics" VALUES('rmse',58.5,1795544300997,'423d852e11ed43a9892bc145cb6903a0',0,0);
INSERT INTO "metrics" VALUES('r2',3.94547794233009674336e-01,1795544301094,'c8ce749f5cbc4486ac9a5a2bcd82306d',0,0);
INSERT INTO "metrics" VALUES('surprise',0.5,1795544301100,'c8ce749f5cbc4486ac9a5a2bcd82306d',0,0);
INSERT INTO "metrics" VALUES('r2',4.24073314739452755794e-01,1795544301218,'102264f7c4b3496f9702614265ea8a9a',0,0);
INSERT INTO "metrics" VALUES('surprise',1.0,1795544301226,'102264f7c4b3496f9702614265ea8a9a',0,0);
INSERT INTO "metrics" VALUES('val/accuracy',0.5,1795544301350,'1d64843135fc4c84a4d11bc0ba268572',0,0);
INSERT INTO "metrics" VALUES('train_loss',1.0,1795544301350,'1d64843135fc4c84a4d11bc0ba268572',0,0);
INSERT INTO "metrics" VALUES('gap',0.0,1795544301350,'1d64843135fc4c84a4d11bc0ba268572',0,0);
INSERT INTO "metrics" VALUES('val/accuracy',0.6,1795544301366,'1d64843135fc4c84a4d11bc0ba268572',1,0);
INSERT INTO "metrics" VALUES('train_loss',0.5,1795544301366,'1d64843135fc4c84a4d11bc0ba268572',1,0);
INSERT INTO "metrics" VALUES('gap',0.1,1795544301366,'1d64843135fc4c84a4d11bc0ba268572',1,0);
INSERT INTO "metrics" VALUES('val/accuracy',0.7,1795544301392,'1d64843135fc4c84a4d11bc0ba268572',2,0);
INSERT INTO "metrics" VALUES('train_loss',3.33333333333333314829e-01,1795544301392,'1d64843135fc4c84a4d11bc0ba268572',2,0);
INSERT INTO "metrics" VALUES('gap',0.2,1795544301392,'1d64843135fc4c84a4d11bc0ba268572',2,0);
INSERT INTO "metrics" VALUES('val/accuracy',0.8,1795544301409,'1d64843135fc4c84a4d11bc0ba268572',3,0);
INSERT INTO "metrics" VALUES('train_loss',0.25,1795544301409,'1d64843135fc4c84a4d11bc0ba268572',3,0);
INSERT INTO "metrics" VALUES('gap',3.00000000000000044408e-01,1795544301409,'1d64843135fc4c84a4d11bc0ba268572',3,0);
INSERT INTO "metrics" VALUES('accuracy',0.1,1795544305718,'9f5f9fe4396e47409aa22a084f6da6de',0,0);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('memory','None','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('steps','[(''standardscaler'', StandardScaler()), (''svc'', SVC(C=2.0, random_state=7))]','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('transform_input','None','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('verbose','False','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('standardscaler','StandardScaler()','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc','SVC(C=2.0, random_state=7)','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('standardscaler__copy','True','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('standardscaler__with_mean','True','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('standardscaler__with_std','True','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__C','2.0','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__break_ties','False','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__cache_size','200','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__class_weight','None','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__coef0','0.0','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__decision_function_shape','ovr','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__degree','3','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__gamma','scale','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__kernel','rbf','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__max_iter','-1','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__probability','deprecated','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__random_state','7','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__shrinking','True','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__tol','0.001','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('svc__verbose','False','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "params" VALUES('model','RandomForestRegressor','423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "params" VALUES('model','RandomForestRegressor','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "params" VALUES('max_depth','2','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "params" VALUES('n_estimators','50','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "params" VALUES('seed','1','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "params" VALUES('model','RandomForestRegressor','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "params" VALUES('max_depth','4','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "params" VALUES('n_estimators','50','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "params" VALUES('seed','1','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "params" VALUES('model','TinyNet','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "params" VALUES('learning_rate','0.01','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "params" VALUES('layers','[8, 4]','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "params" VALUES('dropout','None','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "params" VALUES('model','TinyNet','ace0187e9076447fa744adc6912d0156');
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('76bb6af9899948a788987e5e86ebb56e','scaled svc','UNKNOWN','','','recorder','FINISHED',1795544299809,1795544300935,'','active','/tmp/x/database/artifacts/76bb6af9899948a788987e5e86ebb56e/artifacts',1,NULL);
INSERT INTO "runs" VALUES('423d852e11ed43a9892bc145cb6903a0','depths','UNKNOWN','','','recorder','FINISHED',1795544300988,1795544301250,'','active','/tmp/x/database/mlruns/2/423d852e11ed43a9892bc145cb6903a0/artifacts',2,NULL);
INSERT INTO "runs" VALUES('c8ce749f5cbc4486ac9a5a2bcd82306d','depth 2','UNKNOWN','','','recorder','FINISHED',1795544301024,1795544301125,'','active','/tmp/x/database/mlruns/2/c8ce749f5cbc4486ac9a5a2bcd82306d/artifacts',2,NULL);
INSERT INTO "runs" VALUES('102264f7c4b3496f9702614265ea8a9a','depth 4','UNKNOWN','','','recorder','FINISHED',1795544301131,1795544301241,'','active','/tmp/x/database/mlruns/2/102264f7c4b3496f9702614265ea8a9a/artifacts',2,NULL);
INSERT INTO "runs" VALUES('1d64843135fc4c84a4d11bc0ba268572','network','UNKNOWN','','','recorder','FINISHED',1795544301291,1795544301429,'','active','/tmp/x/database/mlruns/3/1d64843135fc4c84a4d11bc0ba268572/artifacts',3,NULL);
INSERT INTO "runs" VALUES('ace0187e9076447fa744adc6912d0156','too large','UNKNOWN','','','recorder','FAILED',1795544304087,1795544304204,'','active','/tmp/x/database/mlruns/3/ace0187e9076447fa744adc6912d0156/artifacts',3,NULL);
INSERT INTO "runs" VALUES('e1058a6de2a34fe29b2878d6f7fce1f2','still running','UNKNOWN','','','unknown','RUNNING',1795544305705,NULL,'','active','/tmp/x/database/mlruns/3/e1058a6de2a34fe29b2878d6f7fce1f2/artifacts',3,NULL);
INSERT INTO "runs" VALUES('9f5f9fe4396e47409aa22a084f6da6de','thrown away','UNKNOWN','','','unknown','RUNNING',1795544305711,NULL,'','deleted','/tmp/x/database/mlruns/3/9f5f9fe4396e47409aa22a084f6da6de/artifacts',3,1795544305726);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('mlflow.user','recorder','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('mlflow.source.name','/tmp/x/make_mlflow.py','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','a894389b35e9837576973eff0ad3e79d1bf9d903','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','master','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('mlflow.runName','scaled svc','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('estimator_name','Pipeline','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('estimator_class','sklearn.pipeline.Pipeline','76bb6af9899948a788987e5e86ebb56e');
INSERT INTO "tags" VALUES('mlflow.user','recorder','423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "tags" VALUES('mlflow.source.name','/tmp/x/make_mlflow.py','423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','a894389b35e9837576973eff0ad3e79d1bf9d903','423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','master','423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "tags" VALUES('mlflow.runName','depths','423d852e11ed43a9892bc145cb6903a0');
INSERT INTO "tags" VALUES('mlflow.user','recorder','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('mlflow.source.name','/tmp/x/make_mlflow.py','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','a894389b35e9837576973eff0ad3e79d1bf9d903','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','master','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('mlflow.parentRunId','423d852e11ed43a9892bc145cb6903a0','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('mlflow.runName','depth 2','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('dataset','https://www.openml.org/d/44223','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('purpose','compare depths','c8ce749f5cbc4486ac9a5a2bcd82306d');
INSERT INTO "tags" VALUES('mlflow.user','recorder','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('mlflow.source.name','/tmp/x/make_mlflow.py','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','a894389b35e9837576973eff0ad3e79d1bf9d903','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','master','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('mlflow.parentRunId','423d852e11ed43a9892bc145cb6903a0','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('mlflow.runName','depth 4','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('dataset','https://www.openml.org/d/44223','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('purpose','compare depths','102264f7c4b3496f9702614265ea8a9a');
INSERT INTO "tags" VALUES('mlflow.user','recorder','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "tags" VALUES('mlflow.source.name','/tmp/x/make_mlflow.py','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "tags" VALUES('mlflow.source.git.commit','a894389b35e9837576973eff0ad3e79d1bf9d903','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "tags" VALUES('mlflow.source.git.branch','master','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "tags" VALUES('mlflow.runName','network','1d64843135fc4c84a4d11bc0ba268572');
INSERT INTO "tags" VALUES('mlflow.user','recorder','ace0187e9076447fa744adc6912d0156');
INSERT INTO "tags" VALUES('mlflow.source.name','-c','ace0187e9076447fa744adc6912d0156');
INSERT INTO "tags" VALUES('mlflow.source.type','LOCAL','ace0187e9076447fa744adc6912d0156');
INSERT INTO "tags" VALUES('mlflow.runName','too large','ace0187e9076447fa744adc6912d0156');
INSERT INTO "tags" VALUES('mlflow.runName','still running','e1058a6de2a34fe29b2878d6f7fce1f2');
INSERT INTO "tags" VALUES('mlflow.runName','thrown away','9f5f9fe4396e47409aa22a084f6da6de');
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX idx_experiments_workspace ON experiments (workspace);
CREATE INDEX idx_experiments_workspace_creation_time ON experiments (workspace, creation_time);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);
COMMIT;
