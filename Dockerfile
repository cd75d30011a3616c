# The image: mcpo with what MCP servers are usually started with, node, npx, uv and uvx.
# Built on the builder's own platform, because nothing in dist or in the dependencies is native.

ARG NODE_VERSION=22
ARG UV_VERSION=0.9

FROM ghcr.io/astral-sh/uv:${UV_VERSION} AS uv

FROM --platform=$BUILDPLATFORM node:${NODE_VERSION}-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:${NODE_VERSION}-bookworm-slim
# git and certificates: servers are often installed from repositories.
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/*
COPY --from=uv /uv /uvx /usr/local/bin/
COPY --from=build /build/package.json /opt/mcpo/package.json
COPY --from=build /build/node_modules /opt/mcpo/node_modules
COPY --from=build /build/dist /opt/mcpo/dist
COPY LICENSE config.schema.json /opt/mcpo/
RUN ln -s /opt/mcpo/dist/cli.js /usr/local/bin/mcpo \
    && mkdir -p /config /home/node/data /home/node/.npm /home/node/.cache/uv \
    && chown -R 1000:1000 /config /home/node

# The node user by its number, so that Kubernetes can see that it is not root.
USER 1000:1000
WORKDIR /config
# In a container loopback reaches nobody. Set MCPO_API_KEY too: without it anyone who reaches the port may call.
ENV HOME=/home/node \
    NODE_ENV=production \
    npm_config_cache=/home/node/.npm \
    UV_CACHE_DIR=/home/node/.cache/uv \
    MCPO_HOST=0.0.0.0 \
    MCPO_PORT=8000
EXPOSE 8000
# Asks the port of MCPO_PORT: change the port by that variable rather than by --port, or bring your own check.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.MCPO_PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["mcpo"]
CMD ["--config", "/config/config.json"]
