package org.wso2.carbon.bootstrap;

import muster.doubles.carbon.AppServer;

/** Has the name under which the launcher of the product starts it, for those who edit that launcher. */
public final class Bootstrap {

    private Bootstrap() {}

    public static void main(String[] args) {
        AppServer.main(args);
    }
}
