# syntax=docker/dockerfile:1
# One image for the programs: workload-protection-operator, workload-protection-webhook and, for CI, kubectl-protection.

FROM node:24 AS build
WORKDIR /src
# The dependencies alone first, so that a change in the code does not fetch them again.
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY . .
RUN node .ci/bundle.ts --check && node .ci/bundle.ts

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
# package.json says that the bundles are modules, and which version they are.
COPY --from=build /src/package.json ./
COPY --from=build /src/dist/ dist/
# npm and its like are never needed here, and nobody who breaks in should find them. The last line makes the build fail where a name or a mode
# is wrong rather than the pod.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn* \
  && for program in operator webhook; do ln -s "/app/dist/$program.js" "/usr/local/bin/workload-protection-$program"; done \
  && ln -s /app/dist/kubectl-protection.js /usr/local/bin/kubectl-protection && kubectl-protection --help > /dev/null \
  && workload-protection-operator --help > /dev/null && workload-protection-webhook --help > /dev/null
# As in the chart: nobody that exists on a node.
USER 65532:65532
EXPOSE 8080 8443 8444 9443 8081
CMD ["workload-protection-operator"]
