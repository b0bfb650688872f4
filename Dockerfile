# A small image: the binary, certificates, nothing else; not root.
FROM rust:1.95-slim-bookworm AS build
# perl and make build the bundled OpenSSL for TLS to a managed PostgreSQL.
RUN apt-get update && apt-get install -y --no-install-recommends perl make && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --release --locked --features postgres-tls

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /data rollcall
COPY --from=build /src/target/release/rollcall /usr/local/bin/rollcall
USER rollcall
WORKDIR /data
ENV ROLLCALL_DATABASE_URL=sqlite:/data/rollcall.db ROLLCALL_LISTEN=0.0.0.0:8080
# What a burst took goes back to the system; set here, so that the gateway need not start itself once more for it.
ENV GLIBC_TUNABLES=glibc.malloc.arena_max=2:glibc.malloc.trim_threshold=131072:glibc.malloc.mmap_threshold=131072
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["rollcall", "doctor", "--live"]
ENTRYPOINT ["rollcall"]
CMD ["serve"]
