/*
 * Sends the service's spans to a collector by OTLP: loaded before the service itself, as `start:traced` in package.json
 * does. The service knows nothing of it but `@opentelemetry/api`.
 *
 * OTEL_EXPORTER_OTLP_ENDPOINT says where (default http://localhost:4318), OTEL_TRACES_SAMPLER which traces are kept.
 */
import { trace } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BasicTracerProvider, BatchSpanProcessor } from "@opentelemetry/sdk-trace-base";

trace.setGlobalTracerProvider(
  new BasicTracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({ "service.name": process.env["OTEL_SERVICE_NAME"] ?? "chimera-worker" }),
    ),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  }),
);
