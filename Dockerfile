# One Dockerfile for every service:  docker build --build-arg SERVICE=orders --tag ticketing/orders:0.1.0 .
ARG BUILD_IMAGE=rust:1-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# Compiles all services at once and does not know SERVICE, so the second image finds this layer in the cache.
# hadolint ignore=DL3006
FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
# The caches belong to the builder and are no part of the image, so the programs are copied out of them. With them a line
# that changed in one crate compiles that crate and what uses it, and no dependency. Programs of services that are gone stay
# in the cache; removing the old ones first keeps them out of the image.
RUN --mount=type=cache,id=ticketing-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=ticketing-target,target=/src/target,sharing=locked \
    set -eu; \
    mkdir -p target/release /out; \
    find target/release -maxdepth 1 -type f -delete; \
    cargo build --release --locked --workspace --exclude bench --exclude chaos --exclude demo --exclude fuzz --exclude judge \
        --exclude model --exclude platform --exclude showcase --exclude stripe-stand-in --exclude testkit --exclude xtask; \
    find target/release -maxdepth 1 -type f -perm -u+x -exec cp -t /out {} +

FROM build AS service
ARG SERVICE
RUN if [ -z "${SERVICE}" ] || [ ! -x "/out/${SERVICE}" ]; then \
        echo "--build-arg SERVICE=${SERVICE}: name one of: $(find /out -type f -printf '%f ')" >&2; exit 1; \
    fi; \
    cp "/out/${SERVICE}" /service

# For skaffold's profile `hot`: sources that are copied into a running container are compiled there, and the program is
# replaced if that went well. All that it needs is in the image, because a pod reaches no registry.
# hadolint ignore=DL3006
FROM ${BUILD_IMAGE} AS hot
RUN apt-get update \
    && apt-get install --yes --no-install-recommends entr=5.3-* \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN chown 65532:65532 /src
COPY --chown=65532:65532 . .
USER 65532:65532
ENV CARGO_HOME=/src/.cargo-home
RUN cargo build --locked --workspace --exclude bench --exclude chaos --exclude demo --exclude fuzz --exclude judge --exclude model \
    --exclude platform --exclude showcase --exclude stripe-stand-in --exclude testkit --exclude xtask
ARG SERVICE
ENV CARGO_NET_OFFLINE=true \
    SERVICE=${SERVICE}
EXPOSE 3000
ENTRYPOINT ["/src/infra/hot.sh"]

# hadolint ignore=DL3006
FROM ${RUNTIME_IMAGE}
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="${SERVICE}" \
      org.opencontainers.image.description="The ${SERVICE} service of the ticketing platform" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=service /service /usr/local/bin/service
USER 65532:65532
EXPOSE 3000
# Kubernetes asks by HTTP; this is for Docker. It reads HTTP_ADDR, as the service does.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["/usr/local/bin/service", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/service"]
