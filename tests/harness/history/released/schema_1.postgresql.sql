SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;
SET default_tablespace = '';
SET default_table_access_method = heap;
CREATE TABLE public.bakeoff_changes (
    suite text NOT NULL,
    id character varying(16) NOT NULL,
    kind character varying(20) NOT NULL,
    confirmation character varying(20) NOT NULL,
    first_bad_night character varying(10) NOT NULL,
    told_at timestamp with time zone NOT NULL,
    document text NOT NULL
);
CREATE TABLE public.bakeoff_environments (
    fingerprint character varying(16) NOT NULL,
    facts text NOT NULL
);
CREATE TABLE public.bakeoff_nights (
    suite text NOT NULL,
    night character varying(10) NOT NULL,
    host text NOT NULL,
    outcome character varying(20) NOT NULL,
    finished_at timestamp with time zone NOT NULL,
    document text NOT NULL
);
CREATE TABLE public.bakeoff_quarantines (
    device text NOT NULL,
    since timestamp with time zone NOT NULL,
    reason text NOT NULL,
    failures integer NOT NULL
);
CREATE TABLE public.bakeoff_results (
    run integer NOT NULL,
    series integer NOT NULL,
    measured_at timestamp with time zone NOT NULL,
    estimate double precision,
    low double precision,
    high double precision,
    level double precision,
    n integer,
    baseline_value double precision,
    baseline_source text,
    candidate_value double precision,
    candidate_source text,
    unavailable text
);
CREATE TABLE public.bakeoff_runs (
    id integer NOT NULL,
    run_id text NOT NULL,
    suite text NOT NULL,
    night character varying(10) NOT NULL,
    attempt integer NOT NULL,
    experiment text NOT NULL,
    design text NOT NULL,
    device text NOT NULL,
    host text NOT NULL,
    folder text NOT NULL,
    measured_at timestamp with time zone NOT NULL,
    environment character varying(16) NOT NULL,
    commits text NOT NULL,
    decision character varying(20),
    sentence text
);
CREATE SEQUENCE public.bakeoff_runs_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bakeoff_runs_id_seq OWNED BY public.bakeoff_runs.id;
CREATE TABLE public.bakeoff_schema (
    version_num character varying(32) NOT NULL
);
CREATE TABLE public.bakeoff_series (
    id integer NOT NULL,
    suite text NOT NULL,
    experiment text NOT NULL,
    device text NOT NULL,
    candidate text NOT NULL,
    quantity text NOT NULL,
    scale character varying(10) NOT NULL,
    unit text NOT NULL,
    better character varying(10) NOT NULL
);
CREATE SEQUENCE public.bakeoff_series_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.bakeoff_series_id_seq OWNED BY public.bakeoff_series.id;
ALTER TABLE ONLY public.bakeoff_runs ALTER COLUMN id SET DEFAULT nextval('public.bakeoff_runs_id_seq'::regclass);
ALTER TABLE ONLY public.bakeoff_series ALTER COLUMN id SET DEFAULT nextval('public.bakeoff_series_id_seq'::regclass);
INSERT INTO public.bakeoff_environments VALUES ('00000000000000aa', '{"os": "Android 14"}');
INSERT INTO public.bakeoff_quarantines VALUES ('adb:R5CT30', '2026-01-02 03:00:00+00', 'it failed three times', 3);
INSERT INTO public.bakeoff_results VALUES (1, 1, '2026-01-02 03:00:00+00', 0.9, 0.89, 0.91, 0.95, 10, 10, 'measured', 9, 'measured', NULL);
INSERT INTO public.bakeoff_results VALUES (2, 1, '2026-01-03 03:00:00+00', 0.8, 0.79, 0.81, 0.95, 10, 10, 'measured', 8, 'measured', NULL);
INSERT INTO public.bakeoff_results VALUES (1, 2, '2026-01-02 03:00:00+00', NULL, NULL, NULL, NULL, NULL, NULL, 'no references', NULL, 'no references', 'no references');
INSERT INTO public.bakeoff_runs VALUES (1, 'first', 'phones', '2026-01-02', 1, 'sr', 'dddddddddddddddd', 'adb:R5CT30', 'desk', '/runs/first', '2026-01-02 03:00:00+00', '00000000000000aa', '[]', 'ship', 'Ship newest.');
INSERT INTO public.bakeoff_runs VALUES (2, 'second', 'phones', '2026-01-03', 1, 'sr', 'dddddddddddddddd', 'adb:R5CT30', 'desk', '/runs/second', '2026-01-03 03:00:00+00', '00000000000000aa', '[]', 'hold', NULL);
INSERT INTO public.bakeoff_schema VALUES ('1');
INSERT INTO public.bakeoff_series VALUES (1, 'phones', 'sr', 'adb:R5CT30', 'newest', 'latency_p50', 'ratio', 'ns', 'lower');
INSERT INTO public.bakeoff_series VALUES (2, 'phones', 'sr', 'adb:R5CT30', 'newest', 'psnr_y', 'difference', 'dB', 'higher');
SELECT pg_catalog.setval('public.bakeoff_runs_id_seq', 2, true);
SELECT pg_catalog.setval('public.bakeoff_series_id_seq', 2, true);
ALTER TABLE ONLY public.bakeoff_changes
    ADD CONSTRAINT bakeoff_changes_pkey PRIMARY KEY (suite, id);
ALTER TABLE ONLY public.bakeoff_environments
    ADD CONSTRAINT bakeoff_environments_pkey PRIMARY KEY (fingerprint);
ALTER TABLE ONLY public.bakeoff_nights
    ADD CONSTRAINT bakeoff_nights_pkey PRIMARY KEY (suite, night, host);
ALTER TABLE ONLY public.bakeoff_quarantines
    ADD CONSTRAINT bakeoff_quarantines_pkey PRIMARY KEY (device);
ALTER TABLE ONLY public.bakeoff_results
    ADD CONSTRAINT bakeoff_results_pkey PRIMARY KEY (run, series);
ALTER TABLE ONLY public.bakeoff_runs
    ADD CONSTRAINT bakeoff_runs_once UNIQUE (run_id, device);
ALTER TABLE ONLY public.bakeoff_runs
    ADD CONSTRAINT bakeoff_runs_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.bakeoff_schema
    ADD CONSTRAINT bakeoff_schema_pkc PRIMARY KEY (version_num);
ALTER TABLE ONLY public.bakeoff_series
    ADD CONSTRAINT bakeoff_series_once UNIQUE (suite, experiment, device, candidate, quantity, scale, unit, better);
ALTER TABLE ONLY public.bakeoff_series
    ADD CONSTRAINT bakeoff_series_pkey PRIMARY KEY (id);
CREATE INDEX bakeoff_results_by_time ON public.bakeoff_results USING btree (measured_at, series, run);
CREATE INDEX bakeoff_results_of_a_series ON public.bakeoff_results USING btree (series, measured_at);
CREATE INDEX bakeoff_runs_by_night ON public.bakeoff_runs USING btree (suite, night);
CREATE INDEX bakeoff_runs_by_time ON public.bakeoff_runs USING btree (measured_at);
ALTER TABLE ONLY public.bakeoff_results
    ADD CONSTRAINT bakeoff_results_run_fkey FOREIGN KEY (run) REFERENCES public.bakeoff_runs(id) ON DELETE CASCADE;
ALTER TABLE ONLY public.bakeoff_results
    ADD CONSTRAINT bakeoff_results_series_fkey FOREIGN KEY (series) REFERENCES public.bakeoff_series(id);
ALTER TABLE ONLY public.bakeoff_runs
    ADD CONSTRAINT bakeoff_runs_environment_fkey FOREIGN KEY (environment) REFERENCES public.bakeoff_environments(fingerprint);
